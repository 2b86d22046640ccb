//! What domains have done later.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use czo_core::{
    Enqueued, Job, JobError, JobHandler, JobId, JobName, JobQueue, JobRecord, JobState, NewJob,
};
use czo_jobs::{SqlJobs, Worker};
use czo_repo::UnitOfWork;

/// Where domains leave what is to be done later. Cheap to clone; a domain finds it in its
/// [context](crate::DomainContext::jobs).
///
/// It is a [`JobQueue`], that of the program: by `jobs.run_later(&job, ctx)` a job is enqueued at
/// once. [`stage`](Self::stage) enqueues it as a part of a unit of work instead.
///
/// **Limits.** Whether a job that was enqueued at once survives the process is the promise of the
/// program's queue: that of the database does, that in memory does not. What was staged is always
/// in the database. A unique key is unique among the jobs of one of these places; where that matters,
/// a job is always enqueued the same way.
#[derive(Clone, Debug)]
pub struct DomainJobs {
    database: SqlJobs,
    /// The program's queue, where it is another than the database's.
    other: Option<Arc<dyn JobQueue>>,
}

impl DomainJobs {
    /// Everything goes into this queue. For the runtime and for tests.
    #[must_use]
    pub fn new(database: SqlJobs) -> Self {
        Self { database, other: None }
    }

    /// What is not staged goes into `queue`. For the runtime.
    #[must_use]
    pub fn through(mut self, queue: Arc<dyn JobQueue>) -> Self {
        self.other = Some(queue);
        self
    }

    /// The same, for who needs no more than the contract.
    #[must_use]
    pub fn queue(&self) -> Arc<dyn JobQueue> {
        Arc::new(self.clone())
    }

    /// Enqueues `job` when `tx` is committed, as a part of it: it is there if all the rest is, and
    /// else it is not. All jobs that were staged in a unit of work are written by one statement
    /// right before its commit, and workers are woken after it.
    ///
    /// # Errors
    ///
    /// [`JobError::UniqueKey`]; nothing is staged then. Where the database refuses a job, the
    /// commit fails.
    pub fn stage(&self, tx: &UnitOfWork, job: NewJob) -> Result<(), JobError> {
        self.database.stage(tx, job)
    }

    /// Enqueues these jobs as a part of `tx`, now, for who wants to know their ids: to answer with
    /// them, or to write them down.
    ///
    /// # Errors
    ///
    /// As [`JobQueue::enqueue`]. On PostgreSQL the unit of work has failed when the database
    /// refused.
    pub async fn enqueue_in(
        &self,
        tx: &UnitOfWork,
        jobs: Vec<NewJob>,
    ) -> Result<Vec<Enqueued>, JobError> {
        self.database.enqueue_in(tx, jobs).await
    }
}

#[async_trait]
impl JobQueue for DomainJobs {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>, JobError> {
        match &self.other {
            Some(queue) => queue.enqueue(jobs).await,
            None => self.database.enqueue(jobs).await,
        }
    }

    async fn get(&self, id: JobId) -> Result<Option<JobRecord>, JobError> {
        if let Some(queue) = &self.other
            && let Some(found) = queue.get(id).await?
        {
            return Ok(Some(found));
        }
        self.database.get(id).await
    }

    async fn cancel(&self, id: JobId) -> Result<Option<JobState>, JobError> {
        if let Some(queue) = &self.other
            && let Some(state) = queue.cancel(id).await?
        {
            return Ok(Some(state));
        }
        self.database.cancel(id).await
    }
}

/// A handler that no worker has yet.
#[derive(Clone)]
pub struct PendingJob {
    name: JobName,
    attach: Arc<dyn Fn(Worker) -> Worker + Send + Sync>,
}

impl PendingJob {
    pub(crate) fn new<J: Job, H: JobHandler<J>>(handler: H) -> Self {
        let handler = Arc::new(handler);
        let attach = move |worker: Worker| worker.handle::<J, _>(handler.clone());
        Self { name: J::NAME, attach: Arc::new(attach) }
    }

    /// The name of the jobs that it runs.
    #[must_use]
    pub fn name(&self) -> &JobName {
        &self.name
    }

    /// The worker with this handler.
    pub fn attach(&self, worker: Worker) -> Worker {
        (self.attach)(worker)
    }
}

impl fmt::Debug for PendingJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PendingJob").field(&self.name).finish()
    }
}

/// A schedule that nobody looks after yet.
#[derive(Clone, Debug)]
pub struct PendingSchedule {
    /// What it is remembered by.
    pub name: JobName,
    /// When: `minute hour day month weekday`, in UTC.
    pub pattern: String,
    /// What is enqueued then.
    pub job: NewJob,
}
