//! What remembers schedules, by a clock that tests set.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use czo_core::{
    Clock, Enqueued, JobError, JobName, JobQueueExt, JobSlots, LastSlot, ManualClock, NewJob,
};
use czo_jobs::MemoryJobs;

#[derive(Debug)]
pub(crate) struct Slots {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) jobs: Arc<MemoryJobs>,
    last: Mutex<HashMap<JobName, DateTime<Utc>>>,
}

impl Slots {
    pub(crate) fn new(clock: Arc<ManualClock>, jobs: Arc<MemoryJobs>) -> Self {
        Self { clock, jobs, last: Mutex::default() }
    }
}

#[async_trait]
impl JobSlots for Slots {
    async fn last_slot(&self, schedule: &JobName) -> Result<LastSlot, JobError> {
        let now = self.clock.now();
        let slot = *self.last.lock().unwrap().entry(schedule.clone()).or_insert(now);
        Ok(LastSlot { slot, now })
    }

    async fn enqueue_slot(
        &self,
        schedule: &JobName,
        slot: DateTime<Utc>,
        job: NewJob,
    ) -> Result<Option<Enqueued>, JobError> {
        let before = self.last.lock().unwrap().insert(schedule.clone(), slot);
        if before.is_some_and(|before| before >= slot) {
            return Ok(None);
        }
        self.jobs.enqueue_one(job).await.map(Some)
    }
}
