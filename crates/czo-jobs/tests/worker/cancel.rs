//! Running jobs that nobody wants any more, and how far they are.

use std::time::Duration;

use czo_core::{JobQueue, JobQueueExt, JobState, Progress};
use tokio::time::Instant;

use crate::support::{Act, enqueue, in_memory, new, until};

#[tokio::test(start_paused = true)]
async fn a_running_handler_hears_of_its_cancellation() {
    let (jobs, _worker, mut heard) = in_memory();
    let id = enqueue(&jobs, Act::Heed).await;
    let begun = heard.next().await;
    assert!(!begun.ctx.is_cancelled());
    jobs.cancel(id).await.unwrap();
    begun.ctx.cancelled().await;
    // It fails, and is not tried again.
    assert_eq!(until(&jobs, id, JobState::Cancelled).await.attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_heed_is_dropped_after_a_while() {
    let (jobs, _worker, mut heard) = in_memory();
    let id = enqueue(&jobs, Act::Hang).await;
    let begun = heard.next().await;
    jobs.cancel(id).await.unwrap();
    begun.ctx.cancelled().await;
    let told = Instant::now();
    until(&jobs, id, JobState::Cancelled).await;
    let grace = Duration::from_millis(200);
    assert!(told.elapsed() >= grace && told.elapsed() < grace * 2, "{:?}", told.elapsed());
}

#[tokio::test(start_paused = true)]
async fn progress_is_stored_while_the_job_runs() {
    let (jobs, _worker, _heard) = in_memory();
    let id = enqueue(&jobs, Act::Report).await;
    let start = Instant::now();
    while jobs.get(id).await.unwrap().unwrap().progress != Some(Progress::new(3, 10)) {
        assert!(start.elapsed() < Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    jobs.cancel(id).await.unwrap();
    // It ended well before it had to.
    assert_eq!(until(&jobs, id, JobState::Succeeded).await.progress, Some(Progress::new(3, 10)));
}

#[tokio::test(start_paused = true)]
async fn a_job_longer_than_its_lease_stays_its_worker_s() {
    let (jobs, _worker, mut heard) = in_memory();
    let id = jobs.enqueue_one(new(Act::Hang)).await.unwrap().id;
    let begun = heard.next().await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(heard.has_heard_nothing() && !begun.ctx.is_cancelled());
    assert_eq!(jobs.get(id).await.unwrap().unwrap().attempts, 1);
}
