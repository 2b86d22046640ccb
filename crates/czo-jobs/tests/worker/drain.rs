//! How workers end.

use std::time::Duration;

use czo_core::{JobAdmin, JobQueue, JobState};
use czo_jobs::MemoryJobs;

use crate::support::{Act, all, enqueue, new, stage, until, worker};

#[tokio::test(start_paused = true)]
async fn an_ending_worker_waits_for_what_runs() {
    let (jobs, (stage, mut heard)) = (MemoryJobs::new(), stage());
    let worker = worker(jobs.clone(), &stage).spawn();
    let id = enqueue(&jobs, Act::Heed).await;
    heard.next().await;
    let ending = tokio::spawn(worker.end());
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!ending.is_finished());
    // Nothing new is begun meanwhile.
    let late = enqueue(&jobs, Act::Succeed).await;
    jobs.cancel(id).await.unwrap();
    let drained = ending.await.unwrap();
    assert_eq!((drained.returned, drained.aborted, drained.stuck), (0, 0, 0));
    assert_eq!(jobs.get(id).await.unwrap().unwrap().state, JobState::Cancelled);
    assert_eq!(jobs.get(late).await.unwrap().unwrap().state, JobState::Waiting);
    assert!(heard.has_heard_nothing());
}

#[tokio::test(start_paused = true)]
async fn what_an_ending_worker_drops_waits_again_at_once() {
    let (jobs, (stage, mut heard)) = (MemoryJobs::new(), stage());
    let first = worker(jobs.clone(), &stage).drain_for(Duration::from_secs(1)).spawn();
    let id = enqueue(&jobs, Act::Hang).await;
    heard.next().await;
    let drained = first.end().await;
    assert_eq!((drained.returned, drained.aborted, drained.stuck), (0, 1, 0));
    let record = jobs.get(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.attempts), (JobState::Waiting, 0));
    let _second = worker(jobs.clone(), &stage).spawn();
    assert_eq!(heard.next().await.ctx.attempt(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_in_advance_is_given_back() {
    let (jobs, (stage, mut heard)) = (MemoryJobs::new(), stage());
    let first = worker(jobs.clone(), &stage).concurrency(4).spawn();
    // Many short ones teach the worker to take some in advance; then come long ones.
    jobs.enqueue((0..2_000).map(|_| new(Act::Succeed)).collect()).await.unwrap();
    let ids: Vec<_> = jobs
        .enqueue((0..1_000).map(|_| new(Act::Heed)).collect())
        .await
        .unwrap()
        .iter()
        .map(|job| job.id)
        .collect();
    while heard.next().await.act != Act::Heed {}
    for id in &ids[..4] {
        jobs.cancel(*id).await.unwrap();
    }
    let drained = first.end().await;
    assert!(drained.returned > 0, "{drained:?}");
    assert_eq!(drained.aborted, 0);
    let counts = jobs.counts(&all().state(JobState::Running)).await.unwrap();
    assert_eq!(counts, [], "nothing is held by nobody");
    let again = ids[5];
    let record = jobs.get(again).await.unwrap().unwrap();
    assert_eq!((record.state, record.attempts), (JobState::Waiting, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_handle_lets_the_worker_end_in_good_order() {
    let (jobs, (stage, mut heard)) = (MemoryJobs::new(), stage());
    let worker = worker(jobs.clone(), &stage).drain_for(Duration::from_secs(1)).spawn();
    let id = enqueue(&jobs, Act::Hang).await;
    heard.next().await;
    drop(worker);
    assert_eq!(until(&jobs, id, JobState::Waiting).await.attempts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_stops_because_its_worker_ends_is_not_cancelled() {
    for act in [Act::Heed, Act::PanicWhenDropped] {
        let (jobs, (stage, mut heard)) = (MemoryJobs::new(), stage());
        let worker = worker(jobs.clone(), &stage).drain_for(Duration::from_secs(1)).spawn();
        let id = enqueue(&jobs, act).await;
        heard.next().await;
        worker.end().await;
        let record = jobs.get(id).await.unwrap().unwrap();
        assert_eq!((record.state, record.attempts), (JobState::Waiting, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_in_advance_and_cannot_begin_is_given_back() {
    let (jobs, (stage, mut heard)) = (MemoryJobs::new(), stage());
    let _worker = worker(jobs.clone(), &stage).concurrency(4).spawn();
    jobs.enqueue((0..2_000).map(|_| new(Act::Succeed)).collect()).await.unwrap();
    jobs.enqueue((0..1_000).map(|_| new(Act::Heed)).collect()).await.unwrap();
    while heard.next().await.act != Act::Heed {}
    tokio::time::sleep(Duration::from_secs(3)).await;
    let running = jobs.counts(&all().state(JobState::Running)).await.unwrap();
    assert_eq!(running.iter().map(|count| count.jobs).sum::<u64>(), 4);
    let waiting = all().state(JobState::Waiting);
    let waiting = jobs.list(&waiting, 1_000, None).await.unwrap();
    assert!(waiting.iter().all(|job| job.attempts == 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_in_advance_and_is_cancelled_is_not_run() {
    let (jobs, (stage, mut heard)) = (MemoryJobs::new(), stage());
    let _worker = worker(jobs.clone(), &stage).concurrency(1).spawn();
    jobs.enqueue((0..2_000).map(|_| new(Act::Succeed)).collect()).await.unwrap();
    // Longer than a beat of the worker, shorter than it has patience with those behind.
    jobs.enqueue(vec![new(Act::Pause)]).await.unwrap();
    let id = enqueue(&jobs, Act::Refuse).await;
    while heard.next().await.act != Act::Pause {}
    assert_eq!(jobs.cancel(id).await.unwrap(), Some(JobState::Running), "it is taken");
    let record = until(&jobs, id, JobState::Cancelled).await;
    assert_eq!(record.reason, None);
    assert!(heard.has_heard_nothing());
}
