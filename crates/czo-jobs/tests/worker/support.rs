//! Jobs that are told what to do, and what they say.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{
    HandlerError, Job, JobContext, JobFilter, JobId, JobName, JobQueue, JobQueueExt, JobRecord,
    JobState, NewJob, RetryPolicy,
};
use czo_jobs::{MemoryJobs, RunningWorker, SqlJobs, Worker};
use czo_migrations::Migrator;
use czo_testkit::TestDatabase;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What the handler is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Act {
    /// Nothing.
    Succeed,
    /// Fails so many times, then succeeds.
    Fail(u32),
    /// Fails for good.
    Refuse,
    /// Panics.
    Panic,
    /// Panics before there is a future.
    PanicAtOnce,
    /// Never ends, whatever is said to it.
    Hang,
    /// Never ends, and panics when it is dropped.
    PanicWhenDropped,
    /// Succeeds after most of a second.
    Pause,
    /// Fails with a long reason.
    Babble,
    /// Ends when it is cancelled.
    Heed,
    /// Reports progress and waits to be cancelled.
    Report,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Play {
    pub(crate) act: Act,
}

impl Job for Play {
    const NAME: JobName = JobName::from_static("test.play");

    fn retry() -> RetryPolicy {
        RetryPolicy::exponential(Duration::from_millis(20), 3)
    }
}

/// As [`Play`], with little time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Hurry;

impl Job for Hurry {
    const NAME: JobName = JobName::from_static("test.hurry");

    fn retry() -> RetryPolicy {
        RetryPolicy::after([Duration::from_millis(1)])
    }

    fn timeout() -> Option<Duration> {
        Some(Duration::from_millis(50))
    }
}

/// As [`Hurry`], for a handler that panics when it is dropped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HurryAndPanic;

impl Job for HurryAndPanic {
    const NAME: JobName = JobName::from_static("test.hurry_and_panic");

    fn retry() -> RetryPolicy {
        RetryPolicy::after([Duration::from_millis(1)])
    }

    fn timeout() -> Option<Duration> {
        Some(Duration::from_millis(50))
    }
}

/// Panics where its time is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OddTimeout;

impl Job for OddTimeout {
    const NAME: JobName = JobName::from_static("test.odd_timeout");

    fn retry() -> RetryPolicy {
        RetryPolicy::after([Duration::from_millis(1)])
    }

    fn timeout() -> Option<Duration> {
        panic!("no time at all");
    }
}

/// What a handler says when it begins.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) act: Act,
    pub(crate) ctx: JobContext,
}

/// Says what began.
#[derive(Clone)]
pub(crate) struct Stage(mpsc::UnboundedSender<Begun>);

/// Hears what began.
pub(crate) struct Audience(mpsc::UnboundedReceiver<Begun>);

pub(crate) fn stage() -> (Stage, Audience) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Stage(sender), Audience(receiver))
}

impl Audience {
    pub(crate) async fn next(&mut self) -> Begun {
        tokio::time::timeout(PATIENCE, self.0.recv()).await.unwrap().unwrap()
    }

    pub(crate) fn has_heard_nothing(&mut self) -> bool {
        self.0.try_recv().is_err()
    }
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in its last moment");
    }
}

async fn play(act: Act, ctx: JobContext) -> Result<(), HandlerError> {
    match act {
        Act::Fail(times) if ctx.attempt() <= times => {
            Err(HandlerError::retryable(format!("failure {}", ctx.attempt())))
        }
        Act::Succeed | Act::Fail(_) | Act::PanicAtOnce => Ok(()),
        Act::Refuse => Err(HandlerError::permanent("it makes no sense")),
        Act::Panic => panic!("out of character"),
        Act::Hang => std::future::pending().await,
        Act::PanicWhenDropped => {
            let _bomb = Bomb;
            std::future::pending().await
        }
        Act::Pause => {
            tokio::time::sleep(Duration::from_millis(700)).await;
            Ok(())
        }
        Act::Babble => Err(HandlerError::permanent("🦀".repeat(50_000))),
        Act::Heed => {
            ctx.cancelled().await;
            Err(HandlerError::retryable("interrupted"))
        }
        Act::Report => {
            ctx.progress(3, 10);
            ctx.cancelled().await;
            Ok(())
        }
    }
}

/// A worker that plays, with short times.
pub(crate) fn worker(jobs: impl czo_core::JobSource + 'static, stage: &Stage) -> Worker {
    let (first, second) = (stage.clone(), stage.clone());
    Worker::new(Arc::new(jobs))
        .lease(Duration::from_millis(600))
        .grace(Duration::from_millis(200))
        .handle_fn(move |job: Play, ctx: JobContext| {
            let _ = first.0.send(Begun { act: job.act.clone(), ctx: ctx.clone() });
            assert!(job.act != Act::PanicAtOnce, "before the future");
            play(job.act, ctx)
        })
        .handle_fn(move |_: Hurry, ctx: JobContext| {
            let _ = second.0.send(Begun { act: Act::Hang, ctx: ctx.clone() });
            play(Act::Hang, ctx)
        })
        .handle_fn(|_: HurryAndPanic, ctx: JobContext| play(Act::PanicWhenDropped, ctx))
        .handle_fn(|_: OddTimeout, ctx: JobContext| play(Act::Succeed, ctx))
}

pub(crate) fn new(act: Act) -> NewJob {
    NewJob::of(&Play { act }).unwrap()
}

/// Enqueues one, and waits until it is in this state.
pub(crate) async fn until(jobs: &dyn JobQueue, id: JobId, state: JobState) -> JobRecord {
    let reached = async {
        loop {
            let record = jobs.get(id).await.unwrap().unwrap();
            if record.state == state {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.unwrap()
}

pub(crate) async fn enqueue(jobs: &dyn JobQueue, act: Act) -> JobId {
    jobs.enqueue_one(new(act)).await.unwrap().id
}

/// A queue in memory, a worker on it, and who hears it.
pub(crate) fn in_memory() -> (MemoryJobs, RunningWorker, Audience) {
    let (jobs, (stage, audience)) = (MemoryJobs::new(), stage());
    let worker = worker(jobs.clone(), &stage).spawn();
    (jobs, worker, audience)
}

/// The queue of a database.
pub(crate) async fn in_database(database: &TestDatabase) -> SqlJobs {
    Migrator::new(vec![czo_migrations::jobs()]).up(database).await.unwrap();
    SqlJobs::new(database.database())
}

/// Every job.
pub(crate) fn all() -> JobFilter {
    JobFilter::all()
}
