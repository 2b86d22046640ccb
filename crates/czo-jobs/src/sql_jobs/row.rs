//! Jobs as rows.

use chrono::{DateTime, Utc};
use czo_core::{
    Claim, JobError, JobId, JobRecord, JobState, Priority, RequestContext, RetryPolicy, Ticket,
};
use sea_orm::{DbErr, QueryResult, TryGetable};
use serde::de::DeserializeOwned;

use super::store;

/// What [`claim`] reads.
pub(super) const CLAIM_COLUMNS: &str = "jobs_job.id, jobs_job.fence, jobs_job.name, jobs_job.payload, jobs_job.attempts, jobs_job.retry, jobs_job.priority, jobs_job.context, jobs_job.run_at";

/// What [`record`] reads.
pub(super) const RECORD_COLUMNS: &str = "id, name, state, priority, attempts, max_attempts, enqueued_at, run_at, started_at, finished_at, progress, reason, cancelling, worker, unique_key, context, payload";

pub(super) fn state_number(state: JobState) -> i32 {
    match state {
        JobState::Waiting => 0,
        JobState::Running => 1,
        JobState::Succeeded => 2,
        JobState::Cancelled => 3,
        JobState::Dead => 4,
    }
}

pub(super) fn state(id: JobId, number: i32) -> Result<JobState, JobError> {
    JobState::ALL
        .into_iter()
        .find(|state| state_number(*state) == number)
        .ok_or_else(|| corrupt(id, format!("there is no state {number}")))
}

pub(super) fn priority_number(priority: Priority) -> i32 {
    match priority {
        Priority::High => 0,
        Priority::Normal => 1,
        Priority::Low => 2,
    }
}

fn priority(id: JobId, number: i32) -> Result<Priority, JobError> {
    Priority::ALL
        .into_iter()
        .find(|priority| priority_number(*priority) == number)
        .ok_or_else(|| corrupt(id, format!("there is no priority {number}")))
}

fn corrupt(id: JobId, what: impl std::fmt::Display) -> JobError {
    JobError::Corrupt { id, what: what.to_string() }
}

/// One row, read column by column.
struct Row<'r> {
    row: &'r QueryResult,
    id: JobId,
}

impl Row<'_> {
    fn get<T: TryGetable>(&self, column: &str) -> Result<T, JobError> {
        self.row.try_get("", column).map_err(|error| corrupt(self.id, error))
    }

    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, JobError> {
        let Some(text) = self.get::<Option<String>>(column)? else { return Ok(None) };
        let value = serde_json::from_str(&text);
        value.map(Some).map_err(|error| corrupt(self.id, format!("{column}: {error}")))
    }

    fn time(&self, column: &str) -> Result<Option<DateTime<Utc>>, JobError> {
        let Some(millis) = self.get::<Option<i64>>(column)? else { return Ok(None) };
        let time = DateTime::from_timestamp_millis(millis);
        time.map(Some).ok_or_else(|| corrupt(self.id, format!("{column}: {millis} is no time")))
    }

    fn moment(&self, column: &str) -> Result<DateTime<Utc>, JobError> {
        self.time(column)?.ok_or_else(|| corrupt(self.id, format!("{column} is missing")))
    }

    fn count(&self, column: &str) -> Result<u32, JobError> {
        let number = self.get::<i32>(column)?;
        u32::try_from(number).map_err(|error| corrupt(self.id, error))
    }
}

fn row(row: &QueryResult) -> Result<Row<'_>, JobError> {
    let id = row.try_get("", "id").map_err(|error: DbErr| store(error))?;
    Ok(Row { row, id })
}

/// The ticket of a row with `id` and `fence`.
pub(super) fn ticket(row: &QueryResult) -> Result<Ticket, JobError> {
    let row = self::row(row)?;
    let fence = u64::try_from(row.get::<i64>("fence")?).map_err(|error| corrupt(row.id, error))?;
    Ok(Ticket { id: row.id, fence })
}

/// A claim, and what claims are ordered by.
pub(super) fn claim(result: &QueryResult) -> Result<(Claim, (Priority, i64)), JobError> {
    let row = row(result)?;
    let id = row.id;
    let priority = priority(id, row.get("priority")?)?;
    let claim = Claim {
        ticket: ticket(result)?,
        name: row.get::<String>("name")?.parse().map_err(|error| corrupt(id, error))?,
        payload: row.get("payload")?,
        attempt: row.count("attempts")?,
        retry: row.json::<RetryPolicy>("retry")?.unwrap_or_else(RetryPolicy::none),
        priority,
        // A context that is not understood must not keep the job from its worker for ever.
        context: row.json::<RequestContext>("context").ok().flatten(),
    };
    Ok((claim, (priority, row.get("run_at")?)))
}

pub(super) fn record(result: &QueryResult) -> Result<JobRecord, JobError> {
    let row = row(result)?;
    let id = row.id;
    Ok(JobRecord {
        id,
        name: row.get::<String>("name")?.parse().map_err(|error| corrupt(id, error))?,
        state: state(id, row.get("state")?)?,
        priority: priority(id, row.get("priority")?)?,
        attempts: row.count("attempts")?,
        max_attempts: row.count("max_attempts")?,
        enqueued_at: row.moment("enqueued_at")?,
        run_at: row.moment("run_at")?,
        started_at: row.time("started_at")?,
        finished_at: row.time("finished_at")?,
        progress: row.json("progress")?,
        reason: row.get("reason")?,
        is_cancelling: row.get("cancelling")?,
        worker: row.get("worker")?,
        unique: row.get("unique_key")?,
        // One that is not understood must not keep the rest from people.
        context: row.json("context").ok().flatten(),
        payload: row.get("payload")?,
    })
}
