//! Jobs go to Redis.

use std::time::Duration;

use chrono::{DateTime, Utc};
use czo_core::{Enqueued, JobError, JobId, JobName, LastSlot, NewJob, Priority, SystemIds};
use fred::types::Value;

use super::reply::{self, Reply};
use super::{RedisJobs, RedisJobsError, body, micros, scripts};

/// How many values each job is.
const VALUES: usize = 7;

pub(super) fn priority_number(priority: Priority) -> i64 {
    match priority {
        Priority::High => 0,
        Priority::Normal => 1,
        Priority::Low => 2,
    }
}

impl RedisJobs {
    pub(super) async fn take(&self, jobs: &[NewJob]) -> Result<Vec<Enqueued>, JobError> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let enqueued = self.take_all(jobs, None).await?;
        enqueued.ok_or_else(|| RedisJobsError::Answer { expected: "a list" }.into())
    }

    pub(super) async fn take_slot(
        &self,
        schedule: &JobName,
        slot: DateTime<Utc>,
        job: &NewJob,
    ) -> Result<Option<Enqueued>, JobError> {
        let slot = Some((schedule, slot.timestamp_micros()));
        let enqueued = self.take_all(std::slice::from_ref(job), slot).await?;
        Ok(enqueued.and_then(|jobs| jobs.first().copied()))
    }

    pub(super) async fn read_slot(&self, schedule: &JobName) -> Result<LastSlot, JobError> {
        let answer = self.run(scripts::SLOT, vec![schedule.as_str().into()]).await?;
        let mut answer = Reply::of(answer)?;
        Ok(LastSlot { slot: answer.time()?, now: answer.time()? })
    }

    /// Takes all or none; none when there is a slot and it was taken.
    async fn take_all(
        &self,
        jobs: &[NewJob],
        slot: Option<(&JobName, i64)>,
    ) -> Result<Option<Vec<Enqueued>>, JobError> {
        jobs.iter().try_for_each(NewJob::check)?;
        let mut arguments: Vec<Value> = Vec::with_capacity(2 + VALUES * jobs.len());
        match slot {
            Some((schedule, slot)) => arguments.extend([schedule.as_str().into(), slot.into()]),
            None => arguments.extend(["".into(), "".into()]),
        }
        let mut ids = Vec::with_capacity(jobs.len());
        for job in jobs {
            let id = JobId::generate(&SystemIds);
            ids.push(id);
            let body = body::write(job).map_err(|error| JobError::Store(Box::new(error)))?;
            arguments.extend([
                id.to_string().into(),
                job.name.as_str().into(),
                priority_number(job.priority).into(),
                delay(job.after).into(),
                job.unique.as_deref().unwrap_or_default().into(),
                job.retry.attempts().into(),
                body.into(),
            ]);
        }
        let answer = self.run(scripts::ENQUEUE, arguments).await?;
        if matches!(answer, Value::Null) {
            return Ok(None);
        }
        let mut answers = Reply::of(answer)?;
        let mut enqueued = Vec::with_capacity(ids.len());
        for id in ids {
            let holder = answers.text()?;
            enqueued.push(if holder.is_empty() {
                Enqueued::new(id)
            } else {
                Enqueued::existing(reply::parse(&holder, "the id of a job")?)
            });
        }
        Ok(Some(enqueued))
    }
}

/// A delay as a script takes it.
pub(super) fn delay(delay: Duration) -> i64 {
    // A hundred years are as good as for ever, and the time then is a number that Lua holds exactly.
    const FOR_EVER: i64 = 100 * 365 * 24 * 3_600 * 1_000_000;
    micros(delay).min(FOR_EVER)
}
