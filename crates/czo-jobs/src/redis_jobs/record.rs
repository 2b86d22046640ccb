//! Jobs as people see them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use czo_core::{JobError, JobId, JobRecord, JobState, Priority, describe};
use fred::bytes_utils::Str;
use fred::types::Value;
use serde::de::DeserializeOwned;

use super::reply::{self, Reply};
use super::{RedisJobs, RedisJobsError, body, scripts};

/// The fields of one job.
struct Fields {
    id: JobId,
    fields: HashMap<Str, Str>,
}

impl Fields {
    fn corrupt(&self, what: impl Into<String>) -> JobError {
        JobError::Corrupt { id: self.id, what: what.into() }
    }

    fn maybe(&self, field: &str) -> Option<&str> {
        self.fields.get(field).map(|text| &**text)
    }

    fn text(&self, field: &str) -> Result<&str, JobError> {
        self.maybe(field).ok_or_else(|| self.corrupt(format!("it has no `{field}`")))
    }

    fn number(&self, field: &str) -> Result<u32, JobError> {
        let text = self.text(field)?;
        text.parse().map_err(|_| self.corrupt(format!("`{field}` is no number: {text}")))
    }

    fn maybe_time(&self, field: &str) -> Result<Option<DateTime<Utc>>, JobError> {
        let Some(text) = self.maybe(field) else { return Ok(None) };
        let time = text.parse().ok().and_then(DateTime::from_timestamp_micros);
        time.map(Some).ok_or_else(|| self.corrupt(format!("`{field}` is no time: {text}")))
    }

    fn time(&self, field: &str) -> Result<DateTime<Utc>, JobError> {
        self.maybe_time(field)?.ok_or_else(|| self.corrupt(format!("it has no `{field}`")))
    }

    fn json<T: DeserializeOwned>(&self, field: &str) -> Result<Option<T>, JobError> {
        let Some(text) = self.maybe(field) else { return Ok(None) };
        let value = serde_json::from_str(text);
        value.map(Some).map_err(|error| self.corrupt(format!("`{field}`: {error}")))
    }

    fn state(&self) -> Result<JobState, JobError> {
        let text = self.text("state")?;
        state(text).ok_or_else(|| self.corrupt(format!("there is no state `{text}`")))
    }

    fn priority(&self) -> Result<Priority, JobError> {
        let text = self.text("priority")?;
        let priority = text.parse::<usize>().ok().and_then(|number| Priority::ALL.get(number));
        priority.copied().ok_or_else(|| self.corrupt(format!("there is no priority {text}")))
    }

    fn record(&self, body: Option<&str>) -> Result<JobRecord, JobError> {
        let body = body.ok_or_else(|| self.corrupt("its payload was removed from Redis"))?;
        let body = body::read(body).map_err(|what| self.corrupt(what))?;
        let name = self.text("name")?;
        Ok(JobRecord {
            id: self.id,
            name: name.parse().map_err(|error| self.corrupt(format!("{error}")))?,
            state: self.state()?,
            priority: self.priority()?,
            attempts: self.number("attempts")?,
            max_attempts: self.number("max_attempts")?,
            enqueued_at: self.time("enqueued_at")?,
            run_at: self.time("run_at")?,
            started_at: self.maybe_time("started_at")?,
            finished_at: self.maybe_time("finished_at")?,
            progress: self.json("progress")?,
            reason: self.maybe("reason").map(str::to_owned),
            is_cancelling: self.maybe("cancelling").is_some(),
            worker: self.maybe("worker").map(str::to_owned),
            unique: self.maybe("unique").map(str::to_owned),
            context: body.context,
            payload: body.payload.to_owned(),
        })
    }
}

fn fields(mut pairs: Reply) -> Result<HashMap<Str, Str>, RedisJobsError> {
    let mut fields = HashMap::new();
    while !pairs.is_empty() {
        fields.insert(pairs.text()?, pairs.text()?);
    }
    Ok(fields)
}

/// The state of this name.
pub(super) fn state(text: &str) -> Option<JobState> {
    JobState::ALL.into_iter().find(|state| state.as_str() == text)
}

impl RedisJobs {
    /// What is known of these jobs, each by itself, in their order, without those that are not
    /// there; and the time.
    pub(super) async fn read(
        &self,
        ids: &[JobId],
    ) -> Result<(DateTime<Utc>, Vec<Result<JobRecord, JobError>>), JobError> {
        let ids = ids.iter().map(|id| Value::from(id.to_string())).collect();
        let mut answer = Reply::of(self.run(scripts::READ, ids).await?)?;
        let (now, mut records) = (answer.time()?, Vec::new());
        while !answer.is_empty() {
            let (id, body) = (answer.id()?, answer.maybe_text());
            let fields = fields(Reply::of(answer.next()?)?);
            // Neither is text when somebody else wrote it.
            let read = body.and_then(|body| Ok((body, fields?)));
            records.push(match read {
                Ok((body, fields)) => Fields { id, fields }.record(body.as_deref()),
                Err(error) => Err(JobError::Corrupt { id, what: describe(&error) }),
            });
        }
        Ok((now, records))
    }

    pub(super) async fn cancel_one(&self, id: JobId) -> Result<Option<JobState>, JobError> {
        match self.run(scripts::CANCEL, vec![id.to_string().into()]).await? {
            Value::Null => Ok(None),
            answer => {
                let text = reply::text(answer)?;
                let what = || JobError::Corrupt { id, what: format!("there is no state `{text}`") };
                state(&text).map(Some).ok_or_else(what)
            }
        }
    }
}
