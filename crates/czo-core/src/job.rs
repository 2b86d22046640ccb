//! The contract of every job queue.

mod claim;
mod context;
mod error;
mod handler;
mod name;
mod new_job;
mod record;
mod slots;
mod state;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::claim::{Claim, ClaimRequest, Finished, Outcome, Renewal, Standing, Ticket};
pub use self::context::{JobContext, JobControl};
pub use self::error::JobError;
pub use self::handler::{JobHandler, job_fn};
pub use self::name::{JobName, JobNameError};
use self::new_job::UNIQUE_KEY_MAX;
pub use self::new_job::{Enqueued, NewJob};
pub use self::record::{JobCount, JobFilter, JobRecord};
pub use self::slots::{JobSlots, LastSlot};
pub use self::state::{JobState, Priority, Progress};
use crate::{JobId, RequestContext, RetryPolicy};

/// Work that is done later, inside one service: the payload says what.
///
/// The JSON form is stored, so a field that comes later needs `#[serde(default)]`.
///
/// ```
/// use czo_core::{Job, JobName};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct ImportProducts {
///     file: String,
/// }
///
/// impl Job for ImportProducts {
///     const NAME: JobName = JobName::from_static("catalog.import_products");
/// }
/// ```
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its name, unique in the service.
    const NAME: JobName;

    /// When it is tried again, where the one who enqueues it does not say. Default: five attempts,
    /// after 10, 20, 40 and 80 seconds.
    #[must_use]
    fn retry() -> RetryPolicy {
        RetryPolicy::exponential(Duration::from_secs(10), 5)
    }

    /// How long one attempt may take. Default: as long as it takes.
    #[must_use]
    fn timeout() -> Option<Duration> {
        None
    }
}

/// Takes jobs, for whoever has something to be done later.
///
/// It is held as `Arc<dyn JobQueue>`, hence `async_trait`; conveniences are in [`JobQueueExt`].
///
/// **Delivery.** A job that was taken runs at least once, as long as a worker knows its name. It
/// runs again when it fails, and when its worker is lost. Whether it survives the process is the
/// provider's promise and stands in its documentation. An attempt counts once a worker has taken
/// the job: one whose worker is killed before it began counts as tried, and with
/// [`RetryPolicy::none`] it is dead then.
///
/// **Order.** Of the jobs that are due the more urgent is given out first, then the one that was
/// due first, then the older one. It is no strict order: workers run several at once, and take
/// several at a time.
///
/// **Time.** What is due is decided by the clock of the store where it has one, so that machines
/// whose clocks differ agree.
///
/// **Cancellation.** Dropping the future of `enqueue` leaves all jobs enqueued or none, and the
/// caller does not learn which.
///
/// **Threads.** All methods may be called at the same time from any task, also from inside a
/// handler.
#[async_trait]
pub trait JobQueue: Send + Sync + fmt::Debug {
    /// Takes all of these jobs or none, and says what became of each, in their order.
    ///
    /// # Errors
    ///
    /// [`JobError::UniqueKey`] and [`JobError::Full`], and when the queue can't be reached.
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>, JobError>;

    /// What is known of this job; nothing when there is none, or it was purged.
    ///
    /// # Errors
    ///
    /// When the queue can't be asked, and [`JobError::Corrupt`].
    async fn get(&self, id: JobId) -> Result<Option<JobRecord>, JobError>;

    /// Cancels this job: one that waits at once, one that runs as soon as its worker hears of it,
    /// where it still may succeed, or ends as cancelled when it fails or stops. Says where the job
    /// stands then; nothing when there is none.
    ///
    /// # Errors
    ///
    /// When the queue can't be asked.
    async fn cancel(&self, id: JobId) -> Result<Option<JobState>, JobError>;
}

/// Gives jobs to workers.
///
/// It is held as `Arc<dyn JobSource>`. A claimed job is [running](JobState::Running) and belongs to
/// its worker for the length of the lease, which each [`renew`](Self::renew) begins anew. One whose
/// lease is over waits again, due since it was due, and its claim counts as an attempt; it is
/// cancelled instead when that was asked for. Of several workers at most one holds a job at a time,
/// by the clock of the store; its [`Ticket`] is worth nothing once another has it, and a worker
/// that hears this stops.
///
/// All methods may be called at the same time from any task. Dropping a call leaves it done or not
/// done; what was claimed then is free again when its lease is over.
#[async_trait]
pub trait JobSource: Send + Sync + fmt::Debug {
    /// Takes up to so many jobs that are due and have one of these names.
    ///
    /// # Errors
    ///
    /// When the queue can't be asked.
    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claim>, JobError>;

    /// Begins the leases of these jobs anew, stores how far they are, and says for each, in their
    /// order, whether its worker still has it.
    ///
    /// # Errors
    ///
    /// When the queue can't be asked; some leases may have begun anew.
    async fn renew(&self, jobs: &[Renewal], lease: Duration) -> Result<Vec<Standing>, JobError>;

    /// Ends these attempts, and says which of them were not the worker's any more: of those
    /// nothing is changed. A job whose cancellation was asked for and that did not succeed is
    /// cancelled, whatever its outcome says.
    ///
    /// # Errors
    ///
    /// When the queue can't be asked. It may be called again with the same: what was done then
    /// counts as not the worker's.
    async fn finish(&self, attempts: &[Finished]) -> Result<Vec<Ticket>, JobError>;

    /// Waits until there may be a job with one of these names to claim, for a worker that found
    /// nothing `idle` times in a row; at most a second or so. It may return without a reason.
    async fn wait(&self, names: &[JobName], idle: u32);
}

/// Shows jobs to people, and lets them clear up.
///
/// It is held as `Arc<dyn JobAdmin>`. All methods may be called at the same time from any task.
#[async_trait]
pub trait JobAdmin: Send + Sync + fmt::Debug {
    /// The jobs that are meant, the newest first, at most `limit`; those older than `before`,
    /// where the last page ended. One that can't be read is passed over and is in the log;
    /// [`get`](JobQueue::get) says what is wrong with it.
    ///
    /// # Errors
    ///
    /// When the queue can't be asked.
    async fn list(
        &self,
        filter: &JobFilter,
        limit: usize,
        before: Option<JobId>,
    ) -> Result<Vec<JobRecord>, JobError>;

    /// Lets dead and cancelled jobs that are meant wait again, due now, as if they had not been
    /// tried; at most `limit` in one call. Says how many. One whose unique key another has
    /// meanwhile stays as it is.
    ///
    /// # Errors
    ///
    /// When the queue can't be asked.
    async fn retry(&self, filter: &JobFilter, limit: usize) -> Result<usize, JobError>;

    /// Deletes finished jobs that are meant, for ever, never one that waits or runs; at most
    /// `limit` in one call. Says how many.
    ///
    /// # Errors
    ///
    /// When the queue can't be asked.
    async fn purge(&self, filter: &JobFilter, limit: usize) -> Result<usize, JobError>;

    /// How many of the jobs that are meant there are at one moment, by name and state; none that are
    /// not there.
    /// In the order of names and states. Jobs that ended do not slow the count of those that wait
    /// or run; the more of these there are, the longer it takes.
    ///
    /// # Errors
    ///
    /// When the queue can't be asked.
    async fn counts(&self, filter: &JobFilter) -> Result<Vec<JobCount>, JobError>;
}

/// Conveniences over every [`JobQueue`].
pub trait JobQueueExt: JobQueue {
    /// Takes one job.
    fn enqueue_one(&self, job: NewJob) -> impl Future<Output = Result<Enqueued, JobError>> + Send {
        async move {
            let enqueued = self.enqueue(vec![job]).await?;
            enqueued.first().copied().ok_or_else(|| JobError::Store("no answer to a job".into()))
        }
    }

    /// Runs this job later, as soon as a worker is free, on behalf of whoever asks.
    fn run_later<J: Job>(
        &self,
        job: &J,
        ctx: &RequestContext,
    ) -> impl Future<Output = Result<JobId, JobError>> + Send {
        let job = NewJob::of(job).map(|job| job.by(ctx));
        async move { Ok(self.enqueue_one(job?).await?.id) }
    }
}

impl<Q: JobQueue + ?Sized> JobQueueExt for Q {}
