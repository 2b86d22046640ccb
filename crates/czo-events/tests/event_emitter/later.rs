//! Events that are emitted later.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use czo_core::{
    HandlerError, Job, JobContext, JobHandler, JobName, JobQueue, JobState, Priority,
    RequestContext, RetryPolicy, SystemIds,
};
use czo_events::{EmitOptions, EmitReport, Emitted, EventEmitter};
use czo_jobs::{MemoryJobs, Worker};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

#[derive(Serialize, Deserialize)]
struct Rang(u32);

impl Job for Rang {
    const NAME: JobName = JobName::from_static("test.rang");

    fn retry() -> RetryPolicy {
        RetryPolicy::exponential(Duration::from_secs(1), 3)
    }
}

/// An emitter whose first handler fails so many times, and how often the second was called.
fn failing(times: u32, error: fn(&str) -> HandlerError) -> (EventEmitter, Arc<AtomicU32>) {
    let (emitter, calls) = (EventEmitter::new(), Arc::new(AtomicU32::new(0)));
    let tried = AtomicU32::new(0);
    let fails = move |_: &Rang| match tried.fetch_add(1, Ordering::SeqCst) {
        attempt if attempt < times => Err(error("not yet")),
        _ => Ok(()),
    };
    emitter.on_sync(fails).detach();
    let counted = calls.clone();
    let counts = move |_: &Rang| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    };
    emitter.on_sync(counts).detach();
    (emitter, calls)
}

async fn report(emitter: &EventEmitter, options: EmitOptions) -> EmitReport {
    match emitter.emit_async_with(Rang(1), options).await.unwrap() {
        Emitted::InProcess(report) => report.await.unwrap(),
        other => panic!("there is no queue: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_queue_it_is_emitted_here_after_its_delay() {
    let (emitter, calls) = failing(0, |text| HandlerError::retryable(text));
    let start = Instant::now();
    let options = EmitOptions::default().after(Duration::from_secs(5));
    assert!(report(&emitter, options).await.is_ok());
    assert_eq!((start.elapsed(), calls.load(Ordering::SeqCst)), (Duration::from_secs(5), 1));
}

#[tokio::test(start_paused = true)]
async fn without_a_queue_it_is_tried_again_by_the_schedule() {
    let (emitter, calls) = failing(2, |text| HandlerError::retryable(text));
    let start = Instant::now();
    assert!(report(&emitter, EmitOptions::default()).await.is_ok());
    // After one and two seconds; all handlers were called each time.
    assert_eq!((start.elapsed(), calls.load(Ordering::SeqCst)), (Duration::from_secs(3), 3));

    let (emitter, calls) = failing(9, |text| HandlerError::retryable(text));
    let options = EmitOptions::default().retry(RetryPolicy::after([Duration::from_millis(1)]));
    assert_eq!(report(&emitter, options).await.errors.len(), 1);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_good_is_not_tried_again() {
    let (emitter, calls) = failing(9, |text| HandlerError::permanent(text));
    assert_eq!(report(&emitter, EmitOptions::default()).await.errors.len(), 1);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn handlers_run_in_the_context_of_whoever_emits() {
    let emitter = EventEmitter::new();
    let seen = Arc::new(Mutex::new(None));
    let sees = seen.clone();
    emitter
        .on_sync(move |_: &Rang| {
            *sees.lock().unwrap() = RequestContext::current();
            Ok(())
        })
        .detach();
    let ctx = RequestContext::system(&SystemIds);
    ctx.clone().scope(report(&emitter, EmitOptions::default())).await.into_result().unwrap();
    assert_eq!(seen.lock().unwrap().take(), Some(ctx));
}

#[tokio::test(start_paused = true)]
async fn with_a_queue_it_is_a_job_with_these_options() {
    let (queue, (emitter, calls)) = (MemoryJobs::new(), failing(0, |t| HandlerError::retryable(t)));
    let emitter = emitter.with_queue(Arc::new(queue.clone()));
    let ctx = RequestContext::system(&SystemIds);
    let options = EmitOptions::default()
        .after(Duration::from_secs(7))
        .priority(Priority::High)
        .retry(RetryPolicy::none())
        .by(&ctx);
    let emitted = emitter.emit_async_with(Rang(5), options).await.unwrap();
    let Emitted::Queued(id) = emitted else { panic!("there is a queue: {emitted:?}") };
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    let job = queue.get(id).await.unwrap().unwrap();
    assert_eq!((job.run_at - job.enqueued_at).num_seconds(), 7);
    assert_eq!((job.priority, job.max_attempts), (Priority::High, 1));
    assert_eq!((job.context, &*job.payload), (Some(ctx), "5"));
}

#[tokio::test(start_paused = true)]
async fn a_worker_with_the_emitter_as_handler_emits_it_until_nobody_fails() {
    let (queue, (emitter, calls)) = (MemoryJobs::new(), failing(2, |t| HandlerError::retryable(t)));
    let worker = Worker::new(Arc::new(queue.clone())).handle::<Rang, _>(emitter.clone()).spawn();
    let emitter = emitter.with_queue(Arc::new(queue.clone()));
    let emitted = emitter.emit_async_with(Rang(5), EmitOptions::default()).await.unwrap();
    let Emitted::Queued(id) = emitted else { panic!("there is a queue: {emitted:?}") };
    let job = loop {
        let job = queue.get(id).await.unwrap().unwrap();
        if job.state.is_finished() {
            break job;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!((job.state, job.attempts), (JobState::Succeeded, 3));
    assert_eq!(job.reason.as_deref(), Some("1 of 2 handlers failed: not yet"));
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    worker.end().await;
}

#[tokio::test]
async fn as_the_handler_of_the_job_the_emitter_emits_it_and_says_what_failed() {
    let (emitter, calls) = failing(1, |text| HandlerError::retryable(text));
    let ctx = JobContext::for_test(Rang::NAME, &SystemIds);
    let failed = emitter.run(Rang(1), &ctx).await.unwrap_err();
    assert_eq!(failed.to_string(), "1 of 2 handlers failed: not yet");
    assert!(failed.is_retryable());
    emitter.run(Rang(1), &ctx).await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 2);

    let (emitter, _calls) = failing(1, |text| HandlerError::permanent(text));
    assert!(!emitter.run(Rang(1), &ctx).await.unwrap_err().is_retryable());
}

#[tokio::test]
async fn as_the_handler_of_the_job_an_emitter_that_nobody_listens_to_fails_and_may_try_again() {
    let ctx = JobContext::for_test(Rang::NAME, &SystemIds);
    let failed = EventEmitter::new().run(Rang(1), &ctx).await.unwrap_err();
    assert!(failed.is_retryable() && failed.to_string().contains("nobody listens"), "{failed}");
}
