//! Jobs in memory.

mod store;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use czo_core::{
    Claim, ClaimRequest, Enqueued, Finished, JobAdmin, JobCount, JobError, JobFilter, JobId,
    JobName, JobQueue, JobRecord, JobSlots, JobSource, JobState, LastSlot, NewJob, Renewal,
    Standing, Ticket,
};
use tokio::sync::Notify;
use tokio::time::Instant;

use self::store::Store;

/// A worker looks by itself this often.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Jobs in memory: they end with the process. Clones are the same queue.
///
/// Up to 100,000 jobs wait or run, then `enqueue` fails with [`JobError::Full`]; the newest 10,000
/// that ended are kept. Its clock is tokio's, so that tests run on virtual time.
#[derive(Clone)]
pub struct MemoryJobs {
    shared: Arc<Shared>,
}

struct Shared {
    store: Mutex<Store>,
    wake: Notify,
    /// The same moment by both clocks.
    begun: (Instant, DateTime<Utc>),
}

impl Default for MemoryJobs {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryJobs {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(100_000, 10_000)
    }

    /// An empty queue in which up to `live` jobs wait or run, and which keeps up to `finished` that
    /// ended.
    #[must_use]
    pub fn with_capacity(live: usize, finished: usize) -> Self {
        let shared = Shared {
            store: Mutex::new(Store::new(live, finished)),
            wake: Notify::new(),
            begun: (Instant::now(), Utc::now()),
        };
        Self { shared: Arc::new(shared) }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.shared.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now. It never goes back.
    fn now(&self) -> DateTime<Utc> {
        let (instant, time) = self.shared.begun;
        time + instant.elapsed()
    }

    fn wake(&self) {
        self.shared.wake.notify_waiters();
        // For a worker that looked before this and does not wait yet.
        self.shared.wake.notify_one();
    }
}

#[async_trait]
impl JobQueue for MemoryJobs {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>, JobError> {
        jobs.iter().try_for_each(NewJob::check)?;
        let enqueued = self.store().enqueue(jobs, self.now())?;
        self.wake();
        Ok(enqueued)
    }

    async fn get(&self, id: JobId) -> Result<Option<JobRecord>, JobError> {
        Ok(self.store().get(id).cloned())
    }

    async fn cancel(&self, id: JobId) -> Result<Option<JobState>, JobError> {
        Ok(self.store().cancel(id, self.now()))
    }
}

#[async_trait]
impl JobSource for MemoryJobs {
    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claim>, JobError> {
        Ok(self.store().claim(request, self.now()))
    }

    async fn renew(&self, jobs: &[Renewal], lease: Duration) -> Result<Vec<Standing>, JobError> {
        let (mut store, until) = (self.store(), self.now() + lease);
        Ok(jobs.iter().map(|job| store.renew(job, until)).collect())
    }

    async fn finish(&self, attempts: &[Finished]) -> Result<Vec<Ticket>, JobError> {
        let now = self.now();
        let lost = {
            let mut store = self.store();
            let lost = attempts.iter().filter(|attempt| !store.finish(attempt, now));
            lost.map(|attempt| attempt.ticket).collect()
        };
        self.wake();
        Ok(lost)
    }

    async fn wait(&self, names: &[JobName], _idle: u32) {
        let (next, now) = (self.store().next_due(names), self.now());
        let until = next.map(|next| (next - now).to_std().unwrap_or_default());
        let longest = until.map_or(LONGEST_WAIT, |until| until.min(LONGEST_WAIT));
        // Nothing in time is an answer too.
        let _ = tokio::time::timeout(longest, self.shared.wake.notified()).await;
    }
}

#[async_trait]
impl JobAdmin for MemoryJobs {
    async fn list(
        &self,
        filter: &JobFilter,
        limit: usize,
        before: Option<JobId>,
    ) -> Result<Vec<JobRecord>, JobError> {
        Ok(self.store().list(filter, limit, before, self.now()))
    }

    async fn retry(&self, filter: &JobFilter, limit: usize) -> Result<usize, JobError> {
        let retried = self.store().retry(filter, limit, self.now());
        self.wake();
        Ok(retried)
    }

    async fn purge(&self, filter: &JobFilter, limit: usize) -> Result<usize, JobError> {
        Ok(self.store().purge(filter, limit, self.now()))
    }

    async fn counts(&self, filter: &JobFilter) -> Result<Vec<JobCount>, JobError> {
        Ok(self.store().counts(filter, self.now()))
    }
}

#[async_trait]
impl JobSlots for MemoryJobs {
    async fn last_slot(&self, schedule: &JobName) -> Result<LastSlot, JobError> {
        let now = self.now();
        Ok(LastSlot { slot: self.store().last_slot(schedule, now), now })
    }

    async fn enqueue_slot(
        &self,
        schedule: &JobName,
        slot: DateTime<Utc>,
        job: NewJob,
    ) -> Result<Option<Enqueued>, JobError> {
        job.check()?;
        let enqueued = self.store().enqueue_slot(schedule, slot, job, self.now())?;
        self.wake();
        Ok(enqueued)
    }
}

impl fmt::Debug for MemoryJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryJobs").field("live", &self.store().live()).finish_non_exhaustive()
    }
}
