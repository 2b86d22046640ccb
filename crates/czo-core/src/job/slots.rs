//! What schedules need of a queue.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Enqueued, JobError, JobName, NewJob};

/// Remembers which slot of each schedule was the last to be enqueued, so that of several processes
/// with the same schedules one enqueues each slot.
///
/// Held as `Arc<dyn JobSlots>`. All methods may be called at the same time from any task and
/// process. A schedule is known by a name of the form of a job's.
#[async_trait]
pub trait JobSlots: Send + Sync + fmt::Debug {
    /// The last slot of this schedule, and the time by the clock of the queue.
    ///
    /// Of a schedule that was never seen, the slot is that time, and is remembered: it begins now,
    /// and owes nothing for the time before.
    ///
    /// # Errors
    ///
    /// When the queue can't be asked.
    async fn last_slot(&self, schedule: &JobName) -> Result<LastSlot, JobError>;

    /// Enqueues `job` if `slot` is later than the last one of this schedule, which it is then;
    /// both or neither. Nothing when another process was first, or the clock went back.
    ///
    /// When the job is unique and waits or runs already, the slot is taken and the job is that one.
    ///
    /// # Errors
    ///
    /// When the queue can't be asked; whether the slot was taken is then unknown.
    async fn enqueue_slot(
        &self,
        schedule: &JobName,
        slot: DateTime<Utc>,
        job: NewJob,
    ) -> Result<Option<Enqueued>, JobError>;
}

/// Where a schedule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastSlot {
    /// The last slot that was enqueued, or when the schedule was first seen.
    pub slot: DateTime<Utc>,
    /// Now, by the clock of the queue.
    pub now: DateTime<Utc>,
}
