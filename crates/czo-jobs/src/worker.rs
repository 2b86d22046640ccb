//! Workers: they run jobs.

mod attempt;
mod finisher;
mod held;
mod keeper;
mod limits;
mod runner;
mod supervisor;
mod waiting;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use czo_core::{HandlerError, Job, JobAdmin, JobContext, JobHandler, JobName, JobSource, job_fn};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::runner::{Runner, Typed};
use self::supervisor::Supervisor;

/// Runs jobs: those whose names it has handlers for, several at once, until it is told to end.
///
/// **Delivery.** At least once. A worker keeps the jobs it holds by renewing their leases; should
/// it die, they wait again once these are over, 30 seconds by default, and that counts as an
/// attempt, also of those that it had taken and not begun. A job that was lost as often as it may be
/// tried is dead.
///
/// **Failure.** A handler that fails, panics or takes more than [`Job::timeout`] is tried again by
/// the job's policy, each delay up to a quarter longer, so that those that failed together don't
/// come back together. After the last attempt, or at once when the error is permanent, the job is
/// dead, and is kept with its reason.
///
/// **Cancellation.** A running job hears of it within a second, by [`JobContext::cancelled`]; where
/// it does not stop in the [grace period](Self::grace), its future is dropped.
///
/// **Ending.** A worker that is told to end takes no more, gives back what it did not begin, and
/// waits for what runs, [30 seconds](Self::drain_for) at most; what is not done then is dropped and
/// waits again at once, as if it had not been tried. Handlers that do not let themselves be dropped
/// and a store that does not answer are waited for up to five seconds each, so that it may take ten
/// seconds more.
///
/// **Order.** What it takes it begins in the order of the queue. Of short jobs it takes some more
/// than it runs at once, about as many as it does in a twentieth of a second; when none of these can
/// begin for a second, it gives them back.
///
/// **Limits.** Of a reason and of a note 16 KiB are stored. A store that does not answer within a
/// third of the lease is asked again.
#[must_use = "a worker works once it is spawned or run"]
pub struct Worker {
    source: Arc<dyn JobSource>,
    runners: HashMap<JobName, Arc<dyn Runner>>,
    options: Options,
}

/// How a worker works.
#[derive(Clone, Debug)]
struct Options {
    concurrency: usize,
    lease: Duration,
    grace: Duration,
    drain: Duration,
    name: String,
    waiting: Option<Arc<dyn JobAdmin>>,
}

/// What became of the jobs of a worker that has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// How many it gave back before they began.
    pub returned: usize,
    /// How many it dropped while they ran. They wait again.
    pub aborted: usize,
    /// How many handlers did not even stop when they were dropped: they block their threads. Their
    /// jobs wait again too, so they may run twice at a time.
    pub stuck: usize,
}

impl Worker {
    /// A worker for the jobs of `source`, without handlers yet.
    pub fn new(source: Arc<dyn JobSource>) -> Self {
        let options = Options {
            concurrency: 16,
            lease: Duration::from_secs(30),
            grace: Duration::from_secs(10),
            drain: Duration::from_secs(30),
            name: format!("process {}", std::process::id()),
            waiting: None,
        };
        Self { source, runners: HashMap::new(), options }
    }

    /// Runs the jobs `J` by this handler; of several for one name, by the last.
    pub fn handle<J: Job, H: JobHandler<J>>(mut self, handler: H) -> Self {
        self.runners.insert(J::NAME, Arc::new(Typed::new(handler)));
        self
    }

    /// As [`handle`](Self::handle), with a function: `handle_fn(|job: ImportProducts, ctx| async
    /// move { … })`.
    pub fn handle_fn<J, H, F>(self, function: H) -> Self
    where
        J: Job,
        H: Fn(J, JobContext) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        self.handle::<J, _>(job_fn(function))
    }

    /// How many jobs run at once; 0 counts as 1. Default 16.
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.options.concurrency = jobs.max(1);
        self
    }

    /// How long a job is this worker's without a word from it; at least 100 ms. It renews three
    /// times as often, and once a second at least. Default 30 s.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.options.lease = lease.max(Duration::from_millis(100));
        self
    }

    /// How long a cancelled handler may take to stop by itself. Default 10 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = grace;
        self
    }

    /// How long running jobs are waited for when the worker ends. Default 30 s.
    pub fn drain_for(mut self, deadline: Duration) -> Self {
        self.options.drain = deadline;
        self
    }

    /// What the worker is called where jobs are listed. Default the number of its process.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.options.name = name.into();
        self
    }

    /// Tells the gauge `czo_jobs_waiting` now and then how many jobs wait. One worker of a queue is
    /// enough.
    pub fn count_waiting(mut self, admin: Arc<dyn JobAdmin>) -> Self {
        self.options.waiting = Some(admin);
        self
    }

    /// Works until `shutdown` is ready, then ends in good order. Dropping the future drops what
    /// runs; those jobs wait again when their leases are over.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Drained {
        Box::pin(Supervisor::new(self.source, self.runners, self.options).run(shutdown)).await
    }

    /// Works in a task of its own, until the handle is dropped or [ended](RunningWorker::end).
    pub fn spawn(self) -> RunningWorker {
        let end = CancellationToken::new();
        let told = end.clone();
        let task = tokio::spawn(async move { self.run(told.cancelled()).await });
        RunningWorker { end: end.drop_guard(), task }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("jobs", &self.runners.keys().collect::<Vec<_>>())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A worker at work. Dropping it lets the worker end in good order, without anybody to wait for it.
#[derive(Debug)]
#[must_use = "dropping it ends the worker"]
pub struct RunningWorker {
    end: DropGuard,
    task: JoinHandle<Drained>,
}

impl RunningWorker {
    /// Tells the worker to end, and waits until it has.
    pub async fn end(self) -> Drained {
        drop(self.end);
        self.task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a worker did not end in good order");
            Drained::default()
        })
    }
}
