//! The jobs in the health report.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{Health, HealthCheck, JobAdmin, JobError, JobFilter, JobState, describe};

use super::JobStores;

/// A job that has been due for so long wants looking at.
const LATE: Duration = Duration::from_secs(5 * 60);

/// How many jobs there are that want something of somebody.
#[derive(Clone, Debug)]
pub(crate) struct JobsHealth {
    stores: JobStores,
    has_worker: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Counted {
    waiting: u64,
    running: u64,
    dead: u64,
    oldest: Option<Duration>,
}

impl JobsHealth {
    pub(crate) fn new(stores: JobStores) -> Self {
        Self { stores, has_worker: Arc::default() }
    }

    /// Says from now on that this process does jobs.
    pub(crate) fn has_worker(&self) {
        self.has_worker.store(true, Ordering::Relaxed);
    }

    async fn count(&self) -> Result<Counted, JobError> {
        let states = [JobState::Waiting, JobState::Running, JobState::Dead];
        let filter = states.into_iter().fold(JobFilter::all(), JobFilter::state);
        let mut counted = Counted { oldest: self.stores.oldest_due().await?, ..Counted::default() };
        for count in self.stores.counts(&filter).await? {
            match count.state {
                JobState::Waiting => counted.waiting += count.jobs,
                JobState::Running => counted.running += count.jobs,
                _ => counted.dead += count.jobs,
            }
        }
        Ok(counted)
    }
}

impl Counted {
    fn verdict(&self, has_worker: bool) -> Health {
        let mut detail = format!("waiting: {}, running: {}", self.waiting, self.running);
        if let Some(oldest) = self.oldest {
            detail.push_str(&format!(", due for {} s at most", oldest.as_secs()));
        }
        if !has_worker {
            detail.push_str(", no worker in this process");
        }
        let is_late = self.oldest.is_some_and(|oldest| oldest >= LATE);
        if self.dead > 0 {
            detail.push_str(&format!(", dead: {}; see `czo jobs list --state dead`", self.dead));
        } else if is_late {
            detail.push_str("; see `czo jobs list --state waiting`, and whether workers run");
        }
        if self.dead > 0 || is_late {
            Health::degraded(detail)
        } else {
            Health::up().with_detail(detail)
        }
    }
}

#[async_trait]
impl HealthCheck for JobsHealth {
    fn name(&self) -> &str {
        "jobs"
    }

    async fn check(&self) -> Health {
        match self.count().await {
            Ok(counted) => counted.verdict(self.has_worker.load(Ordering::Relaxed)),
            Err(error) => {
                tracing::warn!(error = describe(&error), "jobs cannot be counted");
                // What needs no jobs goes on.
                Health::degraded(error.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use czo_core::HealthStatus;

    use super::*;

    fn verdict(counted: &Counted) -> (HealthStatus, String) {
        let health = counted.verdict(true);
        (health.status, health.detail.unwrap())
    }

    #[test]
    fn jobs_that_wait_their_turn_are_no_trouble() {
        let counted = Counted { waiting: 7, running: 2, dead: 0, oldest: Some(LATE / 2) };
        let expected = "waiting: 7, running: 2, due for 150 s at most".to_owned();
        assert_eq!(verdict(&counted), (HealthStatus::Up, expected));
    }

    #[test]
    fn a_dead_job_and_one_that_nobody_takes_want_looking_at() {
        let (status, detail) = verdict(&Counted { dead: 3, ..Counted::default() });
        assert_eq!(status, HealthStatus::Degraded);
        assert!(detail.contains("dead: 3; see `czo jobs"), "{detail}");
        let late = Counted { waiting: 1, oldest: Some(LATE), ..Counted::default() };
        let (status, detail) = verdict(&late);
        assert_eq!(status, HealthStatus::Degraded);
        assert!(detail.contains("300 s"), "{detail}");
    }

    #[test]
    fn a_process_without_a_worker_says_so() {
        let health = Counted::default().verdict(false);
        assert_eq!(health.status, HealthStatus::Up);
        assert!(health.detail.unwrap().contains("no worker in this process"));
    }
}
