//! Jobs as people see them.

use std::collections::HashSet;
use std::time::Duration;

use czo_core::{JobCount, JobError, JobFilter, JobId, JobRecord, JobState};
use czo_repo::DatabaseError;
use sea_orm::{QueryResult, Value};

use super::enqueue::hexadecimal;
use super::row::{RECORD_COLUMNS, state_number};
use super::{Dialect, SqlJobs, json, millis, row, store};

/// No job waits or runs under this one's unique key.
const KEY_IS_FREE: &str = "(unique_key IS NULL OR NOT EXISTS (SELECT 1 FROM jobs_job AS other WHERE other.name = jobs_job.name AND other.unique_key = jobs_job.unique_key AND other.state < 2))";

/// A condition, with its parameters.
struct Condition {
    dialect: Dialect,
    parts: Vec<String>,
    values: Vec<Value>,
}

impl Condition {
    /// What the filter says, but for the states.
    fn of(dialect: Dialect, filter: &JobFilter) -> Result<Self, JobError> {
        let mut condition = Self { dialect, parts: Vec::new(), values: Vec::new() };
        if !filter.ids.is_empty() {
            let ids: Vec<_> = filter.ids.iter().map(|id| hexadecimal(*id)).collect();
            let number = condition.parameter(json(&ids)?);
            let (id, texts) = (dialect.id("value"), dialect.texts(number, "meant"));
            condition.parts.push(format!("id IN (SELECT {id} FROM {texts})"));
        }
        if !filter.names.is_empty() {
            let number = condition.parameter(json(&filter.names)?);
            let texts = dialect.texts(number, "meant");
            condition.parts.push(format!("name IN (SELECT value FROM {texts})"));
        }
        if let Some(age) = filter.finished_for {
            let number = condition.parameter(millis(age).into());
            condition.parts.push(format!("finished_at <= {} - ${number}", dialect.now()));
        }
        Ok(condition)
    }

    fn parameter(&mut self, value: Value) -> usize {
        self.values.push(value);
        self.values.len()
    }

    /// In one of these states, in any when there are none. As numbers in the text, where the
    /// database sees which index holds them.
    fn states(&mut self, states: &[JobState]) {
        let mut numbers: Vec<_> = states.iter().map(|state| state_number(*state)).collect();
        numbers.sort_unstable();
        match *numbers {
            [] => {}
            [number] => self.parts.push(format!("state = {number}")),
            _ => {
                let list = numbers.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
                self.parts.push(format!("state IN ({list})"));
            }
        }
    }

    fn sql(&self) -> String {
        if self.parts.is_empty() { "TRUE".to_owned() } else { self.parts.join(" AND ") }
    }

    /// The ids of those that are meant, to be written to, at most so many.
    fn ids(&mut self, limit: usize) -> String {
        let sql = self.sql();
        let limit = self.parameter(bounded(limit).into());
        let skip_locked = self.dialect.skip_locked();
        format!("SELECT id FROM jobs_job WHERE {sql} LIMIT ${limit} {skip_locked}")
    }
}

/// Whether a unique key was there already.
fn is_taken(error: &JobError) -> bool {
    let JobError::Store(source) = error else { return false };
    let error = source.downcast_ref::<DatabaseError>();
    error.is_some_and(|error| error.unique_violation().is_some())
}

fn bounded(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Those of `allowed` that the filter wants.
fn wanted(filter: &JobFilter, allowed: &[JobState]) -> Vec<JobState> {
    let is_wanted = |state: &JobState| filter.states.is_empty() || filter.states.contains(state);
    allowed.iter().copied().filter(is_wanted).collect()
}

impl SqlJobs {
    /// For how long the job has been due that was due first of those that wait; nothing when none
    /// is due. To notice that nobody takes them.
    ///
    /// # Errors
    ///
    /// When the database can't be asked.
    pub async fn oldest_due(&self) -> Result<Option<Duration>, JobError> {
        let now = self.shared.dialect.now();
        let sql = format!("SELECT {now} - min(run_at) AS millis FROM jobs_job WHERE state = 0");
        let rows = self.read(&sql, []).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let millis: Option<i64> = row.try_get("", "millis").map_err(store)?;
        // One that is due later is late by less than nothing.
        Ok(millis.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis))
    }

    pub(super) async fn list_jobs(
        &self,
        filter: &JobFilter,
        limit: usize,
        before: Option<JobId>,
    ) -> Result<Vec<JobRecord>, JobError> {
        let (mut records, mut before) = (Vec::new(), before);
        while records.len() < limit {
            let left = limit - records.len();
            let rows = self.page(filter, left, before).await?;
            let Some(last) = rows.last() else { break };
            before = Some(last.try_get("", "id").map_err(store)?);
            records.extend(rows.iter().filter_map(|row| match row::record(row) {
                Ok(record) => Some(record),
                Err(error) => {
                    tracing::error!(%error, "a job is passed over where jobs are listed");
                    None
                }
            }));
            if rows.len() < left {
                break;
            }
        }
        Ok(records)
    }

    /// The newest rows that are meant, at most so many.
    async fn page(
        &self,
        filter: &JobFilter,
        limit: usize,
        before: Option<JobId>,
    ) -> Result<Vec<QueryResult>, JobError> {
        let mut condition = Condition::of(self.shared.dialect, filter)?;
        condition.states(&filter.states);
        if let Some(before) = before {
            let number = condition.parameter(before.into());
            condition.parts.push(format!("id < ${number}"));
        }
        let sql = condition.sql();
        let limit = condition.parameter(bounded(limit).into());
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM jobs_job WHERE {sql} ORDER BY id DESC LIMIT ${limit}"
        );
        self.read(&sql, condition.values).await
    }

    pub(super) async fn retry_jobs(
        &self,
        filter: &JobFilter,
        limit: usize,
    ) -> Result<usize, JobError> {
        let states = wanted(filter, &[JobState::Cancelled, JobState::Dead]);
        if states.is_empty() {
            return Ok(0);
        }
        let mut condition = Condition::of(self.shared.dialect, filter)?;
        condition.states(&states);
        condition.parts.push(KEY_IS_FREE.to_owned());
        let meant = condition.sql();
        let number = condition.parameter(bounded(limit).into());
        let sql = format!(
            "SELECT id, name, unique_key FROM jobs_job WHERE {meant} ORDER BY id LIMIT ${number}"
        );
        let mut is_second = false;
        loop {
            let found = self.read(&sql, condition.values.clone()).await?;
            match self.let_wait(&one_of_each_key(&found)?).await {
                // Somebody enqueued under one of the keys at this moment.
                Err(error) if is_taken(&error) && !is_second => is_second = true,
                done => return done,
            }
        }
    }

    /// Lets these wait again, but for those whose key another has.
    async fn let_wait(&self, ids: &[String]) -> Result<usize, JobError> {
        if ids.is_empty() {
            return Ok(0);
        }
        let (id, texts) = (self.shared.dialect.id("value"), self.shared.dialect.texts(1, "meant"));
        let sql = format!(
            "UPDATE jobs_job SET state = 0, attempts = 0, run_at = {}, finished_at = NULL, \
             started_at = NULL, progress = NULL, cancelling = FALSE \
             WHERE id IN (SELECT {id} FROM {texts}) AND state > 2 AND {KEY_IS_FREE} RETURNING id",
            self.shared.dialect.now()
        );
        let rows = self.write(&sql, [json(&ids)?]).await?;
        self.shared.wake.all(&self.shared.database);
        Ok(rows.len())
    }

    pub(super) async fn purge_jobs(
        &self,
        filter: &JobFilter,
        limit: usize,
    ) -> Result<usize, JobError> {
        let states = [JobState::Succeeded, JobState::Cancelled, JobState::Dead];
        let states = wanted(filter, &states);
        if states.is_empty() {
            return Ok(0);
        }
        let mut condition = Condition::of(self.shared.dialect, filter)?;
        condition.states(&states);
        let ids = condition.ids(limit);
        let sql = format!("DELETE FROM jobs_job WHERE id IN ({ids}) RETURNING id");
        Ok(self.write(&sql, condition.values).await?.len())
    }

    pub(super) async fn count_jobs(&self, filter: &JobFilter) -> Result<Vec<JobCount>, JobError> {
        let condition = Condition::of(self.shared.dialect, filter)?;
        // One statement, so that no job is missed that goes from one state to another meanwhile; in
        // parts, since most states have an index of their own.
        let part = |state| {
            let (state, meant) = (state_number(state), condition.sql());
            format!(
                "SELECT name, {state} AS state, count(*) AS jobs FROM jobs_job WHERE state = {state} AND {meant} GROUP BY name"
            )
        };
        let parts: Vec<_> = wanted(filter, &JobState::ALL).into_iter().map(part).collect();
        let rows = self.read(&parts.join(" UNION ALL "), condition.values.clone()).await?;
        let mut counts = rows.iter().map(count).collect::<Result<Vec<_>, _>>()?;
        counts.sort_by_key(|count| (count.name.clone(), state_number(count.state)));
        Ok(counts)
    }
}

/// Of several with one unique key one can wait, the oldest.
fn one_of_each_key(rows: &[QueryResult]) -> Result<Vec<String>, JobError> {
    let (mut ids, mut keys) = (Vec::with_capacity(rows.len()), HashSet::new());
    for row in rows {
        let name: String = row.try_get("", "name").map_err(store)?;
        let unique: Option<String> = row.try_get("", "unique_key").map_err(store)?;
        if unique.is_none_or(|unique| keys.insert((name, unique))) {
            ids.push(hexadecimal(row.try_get("", "id").map_err(store)?));
        }
    }
    Ok(ids)
}

fn count(row: &QueryResult) -> Result<JobCount, JobError> {
    let name: String = row.try_get("", "name").map_err(store)?;
    let state: i32 = row.try_get("", "state").map_err(store)?;
    let jobs: i64 = row.try_get("", "jobs").map_err(store)?;
    let state = JobState::ALL.into_iter().find(|known| state_number(*known) == state);
    Ok(JobCount {
        name: name.parse().map_err(|error| JobError::Store(Box::new(error)))?,
        state: state.ok_or_else(|| JobError::Store("there is no such state".into()))?,
        jobs: u64::try_from(jobs).unwrap_or(0),
    })
}
