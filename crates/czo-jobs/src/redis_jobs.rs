//! Jobs in Redis.

mod admin;
mod body;
mod claim;
mod connection;
mod enqueue;
mod error;
mod options;
mod record;
mod reply;
mod scripts;
mod wake;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use czo_core::{
    Claim, ClaimRequest, Enqueued, Finished, JobAdmin, JobCount, JobError, JobFilter, JobId,
    JobName, JobQueue, JobRecord, JobSlots, JobSource, JobState, LastSlot, NewJob, Renewal,
    Standing, Ticket,
};
use czo_redis::{Script, is_prefix};
use fred::types::Value;

use self::connection::Connection;
pub use self::error::RedisJobsError;
pub use self::options::RedisOptions;

/// Jobs in Redis, version 6.2 or later; tried with 7.0. Clones are the same queue.
///
/// What `enqueue` answered is in Redis, and survives this process. **Whether it survives Redis is
/// Redis' own promise**, which its operator makes:
///
/// - `appendonly yes` with `appendfsync always`: what was answered is on the disk.
/// - `appendonly yes` with `appendfsync everysec`, the default of that: a crash of the machine loses
///   the last second or two, one of Redis alone next to nothing.
/// - without `appendonly`: a crash loses everything since the last snapshot, and without snapshots
///   everything.
///
/// A replica that takes over misses what the primary had not sent it yet. What is lost this way may
/// also be the end of a job, which then runs again. `maxmemory-policy` must be `noeviction`, its
/// default: any other lets Redis delete jobs.
///
/// **Memory.** All jobs are in memory, about a kilobyte each beside the payload, those that ended
/// too, until they are [purged](JobAdmin::purge): let a schedule purge them. They slow nothing down.
/// A Redis that is full refuses new jobs with a [retryable](czo_core::Classified::is_retryable)
/// error, all of a call or none, and still gives out and ends those it has.
///
/// **Errors.** While the connection is lost, calls wait for it up to the
/// [timeout](RedisOptions::timeout); those on the way when it breaks fail at once, as it is unknown
/// whether they were done. Both are retryable. No call is made twice by itself.
///
/// **Order and time.** Priorities are kept; time is Redis' own, to the microsecond. A worker is
/// woken by a message as soon as a job is due, and looks for itself every second.
///
/// **Limits.** A call is one script, and Redis does nothing else meanwhile: ten thousand jobs
/// enqueued in one call hold it for a tenth of a second or two. A call takes less than 512 MB. A claim
/// gives out at most 1,000 jobs and about 16 MB of payload. Delays are at most a hundred years. All
/// keys begin with [one prefix](RedisOptions::prefix) and are on one node of a cluster; their slot must
/// not be moved to another while workers run.
///
/// ```no_run
/// use czo_core::{Job, JobName, JobQueueExt, NewJob};
/// use czo_jobs::{RedisJobs, RedisOptions};
/// # use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct ImportProducts {
///     file: String,
/// }
///
/// impl Job for ImportProducts {
///     const NAME: JobName = JobName::from_static("catalog.import_products");
/// }
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let options = RedisOptions::new("redis://127.0.0.1:6379".parse()?).prefix("shop");
/// let jobs = RedisJobs::connect(options).await?;
/// let job = ImportProducts { file: "products.csv".to_owned() };
/// jobs.enqueue_one(NewJob::of(&job)?.unique("products.csv")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisJobs {
    shared: Arc<Shared>,
}

struct Shared {
    connection: Connection,
    options: RedisOptions,
}

impl RedisJobs {
    /// Connects to Redis. Later it connects again by itself, however long that takes.
    ///
    /// # Errors
    ///
    /// [`RedisJobsError::Unreachable`] when there is no Redis, and [`RedisJobsError::Prefix`].
    pub async fn connect(options: RedisOptions) -> Result<Self, RedisJobsError> {
        if !is_prefix(&options.prefix) {
            return Err(RedisJobsError::Prefix);
        }
        let connection = Connection::open(&options).await?;
        Ok(Self { shared: Arc::new(Shared { connection, options }) })
    }

    async fn run(&self, script: Script, arguments: Vec<Value>) -> Result<Value, RedisJobsError> {
        self.shared.connection.run(script, arguments).await
    }
}

/// Microseconds, as the scripts count them.
fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[async_trait]
impl JobQueue for RedisJobs {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>, JobError> {
        self.take(&jobs).await
    }

    async fn get(&self, id: JobId) -> Result<Option<JobRecord>, JobError> {
        self.read(&[id]).await?.1.pop().transpose()
    }

    async fn cancel(&self, id: JobId) -> Result<Option<JobState>, JobError> {
        self.cancel_one(id).await
    }
}

#[async_trait]
impl JobSource for RedisJobs {
    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claim>, JobError> {
        self.claim_due(request).await
    }

    async fn renew(&self, jobs: &[Renewal], lease: Duration) -> Result<Vec<Standing>, JobError> {
        self.renew_held(jobs, lease).await
    }

    async fn finish(&self, attempts: &[Finished]) -> Result<Vec<Ticket>, JobError> {
        self.finish_held(attempts).await
    }

    async fn wait(&self, names: &[JobName], _idle: u32) {
        self.wait_for(names).await;
    }
}

#[async_trait]
impl JobAdmin for RedisJobs {
    async fn list(
        &self,
        filter: &JobFilter,
        limit: usize,
        before: Option<JobId>,
    ) -> Result<Vec<JobRecord>, JobError> {
        self.list_jobs(filter, limit, before).await
    }

    async fn retry(&self, filter: &JobFilter, limit: usize) -> Result<usize, JobError> {
        self.retry_jobs(filter, limit).await
    }

    async fn purge(&self, filter: &JobFilter, limit: usize) -> Result<usize, JobError> {
        self.purge_jobs(filter, limit).await
    }

    async fn counts(&self, filter: &JobFilter) -> Result<Vec<JobCount>, JobError> {
        self.count_jobs(filter).await
    }
}

#[async_trait]
impl JobSlots for RedisJobs {
    async fn last_slot(&self, schedule: &JobName) -> Result<LastSlot, JobError> {
        self.read_slot(schedule).await
    }

    async fn enqueue_slot(
        &self,
        schedule: &JobName,
        slot: DateTime<Utc>,
        job: NewJob,
    ) -> Result<Option<Enqueued>, JobError> {
        self.take_slot(schedule, slot, &job).await
    }
}

impl fmt::Debug for RedisJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisJobs")
            .field("server", &self.shared.options.url)
            .field("prefix", &self.shared.options.prefix)
            .finish()
    }
}
