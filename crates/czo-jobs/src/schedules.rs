//! Jobs at certain times.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use croner::Cron;
use czo_core::{Classified, ErrorKind, JobError, JobName, JobSlots, NewJob, describe};
use thiserror::Error;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Clocks are looked at this often, also when nothing is due: they may be set.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Enqueues jobs at certain times, by patterns as in crontab(5), in UTC.
///
/// **Several processes** may have the same schedules: one of them enqueues each slot.
///
/// **Missed slots.** A schedule that nobody looked after for a while enqueues one job as soon as
/// somebody does again, for the last slot, however many it missed. A schedule that is new owes
/// nothing for the time before.
///
/// A schedule that was given another pattern under its old name owes the last slot of the new one,
/// where that came up since the last one of the old: it may enqueue a job at once.
///
/// **Clocks.** Time is that of the queue. When it goes back, no slot is enqueued a second time, and
/// none until it is again where it was: after a clock that was wrong by years, for years, unless the
/// schedule gets another name.
///
/// **Overlap.** A job that takes longer than until the next slot runs twice at a time, unless it is
/// [unique](NewJob::unique).
///
/// ```
/// # use std::sync::Arc;
/// # use czo_core::{Job, JobName, NewJob};
/// # use czo_jobs::{MemoryJobs, Schedules};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Tidy;
/// # impl Job for Tidy { const NAME: JobName = JobName::from_static("shop.tidy"); }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let nightly = JobName::from_static("shop.nightly_tidy");
/// let schedules = Schedules::new(Arc::new(MemoryJobs::new()))
///     .add(nightly, "30 3 * * *", NewJob::of(&Tidy)?.unique("tidy"))?
///     .spawn();
/// # drop(schedules);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "schedules do something once they are spawned or run"]
pub struct Schedules {
    slots: Arc<dyn JobSlots>,
    list: Vec<Schedule>,
}

#[derive(Clone)]
struct Schedule {
    name: JobName,
    pattern: Cron,
    job: NewJob,
}

/// Why there can be no such schedule.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// Text that is no pattern of times.
    #[error(
        "`{pattern}` is not a schedule: expected `minute hour day month weekday`, with seconds in front where wanted, that comes up now and then"
    )]
    Pattern {
        /// The text.
        pattern: String,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is one of this name already, and they would be remembered as one.
    #[error("there are two schedules named `{name}`: give each a name of its own")]
    Twice {
        /// The name.
        name: JobName,
    },
    /// A job that no queue would take.
    #[error("the job of the schedule `{name}` can't be enqueued")]
    Job {
        /// The schedule.
        name: JobName,
        /// What is wrong with the job.
        source: JobError,
    },
}

impl Classified for ScheduleError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

impl Schedules {
    /// No schedules yet, for the jobs of this queue.
    pub fn new(slots: Arc<dyn JobSlots>) -> Self {
        Self { slots, list: Vec::new() }
    }

    /// Enqueues `job` whenever the pattern says: `minute hour day month weekday` in UTC, with
    /// seconds in front where wanted. The name is what the schedule is remembered by.
    ///
    /// # Errors
    ///
    /// When the text is no pattern, or one that never comes up; when there is a schedule of this name
    /// already; and as [`NewJob::check`].
    pub fn add(mut self, name: JobName, pattern: &str, job: NewJob) -> Result<Self, ScheduleError> {
        if self.list.iter().any(|schedule| schedule.name == name) {
            return Err(ScheduleError::Twice { name });
        }
        if let Err(source) = job.check() {
            return Err(ScheduleError::Job { name, source });
        }
        let parsed = Cron::from_str(pattern).and_then(|cron| {
            cron.find_next_occurrence(&Utc::now(), false)?;
            Ok(cron)
        });
        let pattern = parsed.map_err(|source| ScheduleError::Pattern {
            pattern: pattern.to_owned(),
            source: Box::new(source),
        })?;
        self.list.push(Schedule { name, pattern, job });
        Ok(self)
    }

    /// Works until `shutdown` is ready.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        let work = async {
            loop {
                tokio::time::sleep(self.look().await).await;
            }
        };
        tokio::select! {
            () = shutdown => {}
            () = work => {}
        }
    }

    /// Works in a task of its own, until the handle is dropped.
    pub fn spawn(self) -> RunningSchedules {
        let end = CancellationToken::new();
        let told = end.clone();
        tokio::spawn(async move { self.run(told.cancelled()).await });
        RunningSchedules { _end: end.drop_guard() }
    }

    /// Enqueues what is due, and says when to look again.
    async fn look(&self) -> Duration {
        let mut next = LOOK_AGAIN;
        for schedule in &self.list {
            match schedule.look(&*self.slots).await {
                Ok(pause) => next = next.min(pause),
                Err(error) => {
                    let (schedule, error) = (schedule.name.as_str(), describe(&error));
                    tracing::warn!(schedule, error, "a schedule cannot be looked after");
                    next = next.min(Duration::from_secs(1));
                }
            }
        }
        next
    }
}

impl Schedule {
    async fn look(&self, slots: &dyn JobSlots) -> Result<Duration, JobError> {
        let last = slots.last_slot(&self.name).await?;
        let second = last.now.trunc_subsecs(0);
        // A pattern that came up before may have come to its end.
        let due: Option<DateTime<Utc>> = self.pattern.find_previous_occurrence(&second, true).ok();
        if let Some(slot) = due.filter(|slot| *slot > last.slot) {
            let enqueued = slots.enqueue_slot(&self.name, slot, self.job.clone()).await?;
            let (schedule, is_ours) = (self.name.as_str(), enqueued.is_some());
            tracing::debug!(schedule, %slot, is_ours, "a slot of a schedule is due");
        }
        let next: Option<DateTime<Utc>> = self.pattern.find_next_occurrence(&second, false).ok();
        let pause = next.and_then(|next| (next - last.now).to_std().ok());
        // Not at once again, where two clocks differ by a little.
        Ok(pause.unwrap_or(LOOK_AGAIN).max(Duration::from_millis(1)))
    }
}

impl fmt::Debug for Schedules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = |schedule: &Schedule| (schedule.name.clone(), schedule.pattern.to_string());
        f.debug_map().entries(self.list.iter().map(entry)).finish()
    }
}

/// Schedules at work, until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it ends the schedules"]
pub struct RunningSchedules {
    _end: DropGuard,
}
