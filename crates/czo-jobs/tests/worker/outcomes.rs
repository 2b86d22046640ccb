//! How jobs end.

use std::time::Duration;

use czo_core::{ClaimRequest, Job, JobQueue, JobSource};
use czo_core::{
    JobAdmin, JobName, JobQueueExt, JobState, NewJob, RequestContext, RetryPolicy, ShopId,
    SystemIds,
};
use tokio::time::Instant;

use crate::support::{
    Act, Hurry, HurryAndPanic, OddTimeout, Play, all, enqueue, in_memory, new, stage, until, worker,
};

#[tokio::test(start_paused = true)]
async fn a_job_that_fails_is_tried_again_until_it_succeeds() {
    let (jobs, _worker, mut heard) = in_memory();
    let start = Instant::now();
    let id = enqueue(&jobs, Act::Fail(2)).await;
    let record = until(&jobs, id, JobState::Succeeded).await;
    assert_eq!((record.attempts, record.reason.as_deref()), (3, Some("failure 2")));
    assert_eq!([heard.next().await, heard.next().await].map(|begun| begun.ctx.attempt()), [1, 2]);
    // 20 and 40 ms, each up to a quarter longer.
    assert!(start.elapsed() >= Duration::from_millis(60), "{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn after_the_last_attempt_it_is_dead_with_the_last_reason() {
    let (jobs, _worker, _heard) = in_memory();
    let id = enqueue(&jobs, Act::Fail(9)).await;
    let record = until(&jobs, id, JobState::Dead).await;
    assert_eq!((record.attempts, record.reason.as_deref()), (3, Some("failure 3")));
    // Tried again by hand, it has all its attempts.
    assert_eq!(jobs.retry(&all(), 10).await.unwrap(), 1);
    assert_eq!(until(&jobs, id, JobState::Dead).await.attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_is_dead_at_once() {
    let (jobs, _worker, _heard) = in_memory();
    let id = enqueue(&jobs, Act::Refuse).await;
    let record = until(&jobs, id, JobState::Dead).await;
    assert_eq!((record.attempts, record.reason.as_deref()), (1, Some("it makes no sense")));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_like_any_other() {
    let (jobs, _worker, _heard) = in_memory();
    for (act, message) in
        [(Act::Panic, "out of character"), (Act::PanicAtOnce, "before the future")]
    {
        let id = enqueue(&jobs, act).await;
        let record = until(&jobs, id, JobState::Dead).await;
        let reason = record.reason.unwrap();
        assert_eq!((record.attempts, reason), (3, format!("the handler panicked: {message}")));
    }
    let id = enqueue(&jobs, Act::Succeed).await;
    until(&jobs, id, JobState::Succeeded).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_outside_of_the_handler_is_a_failure_like_any_other() {
    let (jobs, _worker, _heard) = in_memory();
    for (job, message) in [
        (NewJob::of(&HurryAndPanic).unwrap(), "in its last moment"),
        (NewJob::of(&OddTimeout).unwrap(), "no time at all"),
    ] {
        let id = jobs.enqueue_one(job).await.unwrap().id;
        let record = until(&jobs, id, JobState::Dead).await;
        let reason = record.reason.unwrap();
        assert_eq!((record.attempts, reason), (2, format!("the handler panicked: {message}")));
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_long_reason_the_beginning_is_kept() {
    let (jobs, _worker, _heard) = in_memory();
    let id = enqueue(&jobs, Act::Babble).await;
    let reason = until(&jobs, id, JobState::Dead).await.reason.unwrap();
    assert!(reason.starts_with('🦀') && reason.len() < 17_000, "{}", reason.len());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_takes_too_long_has_failed() {
    let (jobs, _worker, mut heard) = in_memory();
    let id = jobs.enqueue_one(NewJob::of(&Hurry).unwrap()).await.unwrap().id;
    let record = until(&jobs, id, JobState::Dead).await;
    assert_eq!((record.attempts, record.reason.as_deref()), (2, Some("it took more than 50ms")));
    assert_eq!([heard.next().await, heard.next().await].map(|begun| begun.ctx.attempt()), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_payload_of_another_shape_is_dead_at_once_with_the_reason() {
    let (jobs, _worker, _heard) = in_memory();
    let odd = NewJob::raw(Play::NAME, r#"{"act":"Sing"}"#.to_owned(), RetryPolicy::default());
    let id = jobs.enqueue_one(odd).await.unwrap().id;
    let reason = until(&jobs, id, JobState::Dead).await.reason.unwrap();
    assert!(reason.contains("not that of `test.play`") && reason.contains("Sing"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_worker_was_lost_too_often_is_dead_and_not_run_again() {
    let (jobs, (stage, mut heard)) = (czo_jobs::MemoryJobs::new(), stage());
    let id = jobs.enqueue_one(new(Act::Succeed).retry(RetryPolicy::none())).await.unwrap().id;
    let lease = Duration::from_millis(10);
    let request = ClaimRequest::new(vec![Play::NAME], 1, "lost", lease);
    assert_eq!(jobs.claim(&request).await.unwrap().len(), 1);
    let _worker = worker(jobs.clone(), &stage).spawn();
    let reason = until(&jobs, id, JobState::Dead).await.reason.unwrap();
    assert!(reason.contains("lost"), "{reason}");
    assert!(heard.has_heard_nothing());
}

#[tokio::test(start_paused = true)]
async fn a_handler_runs_in_the_context_of_whoever_enqueued_its_job() {
    let jobs = czo_jobs::MemoryJobs::new();
    let (teller, told) = tokio::sync::oneshot::channel();
    let teller = std::sync::Mutex::new(Some(teller));
    let handler = move |_: Hurry, ctx: czo_core::JobContext| {
        let teller = teller.lock().unwrap().take();
        async move {
            let _ = teller.unwrap().send((RequestContext::current(), ctx.request().clone()));
            Ok(())
        }
    };
    let _worker =
        czo_jobs::Worker::new(std::sync::Arc::new(jobs.clone())).handle_fn(handler).spawn();
    let ctx = RequestContext::system(&SystemIds).for_shop(ShopId::generate(&SystemIds));
    jobs.run_later(&Hurry, &ctx).await.unwrap();
    assert_eq!(told.await.unwrap(), (Some(ctx.clone()), ctx));
}

#[tokio::test(start_paused = true)]
async fn no_more_run_at_once_than_allowed_and_no_long_job_is_taken_in_advance() {
    let (jobs, (stage, mut heard)) = (czo_jobs::MemoryJobs::new(), stage());
    let _worker = worker(jobs.clone(), &stage).concurrency(2).spawn();
    jobs.enqueue((0..5).map(|_| new(Act::Heed)).collect()).await.unwrap();
    let (_first, _second) = (heard.next().await, heard.next().await);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(heard.has_heard_nothing());
    let counts = jobs.counts(&all().state(JobState::Waiting)).await.unwrap();
    assert_eq!(counts.iter().map(|count| count.jobs).sum::<u64>(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_worker_leaves_jobs_alone_that_it_does_not_know() {
    let (jobs, _worker, _heard) = in_memory();
    let name = JobName::from_static("test.unknown");
    let unknown = NewJob::raw(name, "{}".to_owned(), RetryPolicy::none());
    let id = jobs.enqueue_one(unknown).await.unwrap().id;
    let known = enqueue(&jobs, Act::Succeed).await;
    until(&jobs, known, JobState::Succeeded).await;
    assert_eq!(jobs.get(id).await.unwrap().unwrap().state, JobState::Waiting);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_takes_no_more_until_some_have_ended() {
    let jobs = czo_jobs::MemoryJobs::with_capacity(3, 2);
    jobs.enqueue((0..3).map(|_| new(Act::Succeed)).collect()).await.unwrap();
    let refused = jobs.enqueue(vec![new(Act::Succeed)]).await;
    assert!(matches!(refused, Err(czo_core::JobError::Full { waiting: 3 })), "{refused:?}");
    let (stage, _heard) = stage();
    let worker = worker(jobs.clone(), &stage).spawn();
    for _ in 0..3 {
        let _ = tokio::time::timeout(Duration::from_millis(10), jobs.wait(&[], 0)).await;
    }
    worker.end().await;
    jobs.enqueue(vec![new(Act::Succeed)]).await.unwrap();
    // Of those that ended two are kept.
    assert_eq!(jobs.list(&all(), 10, None).await.unwrap().len(), 3);
}
