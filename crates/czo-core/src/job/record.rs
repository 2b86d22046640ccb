//! What a queue knows of a job, and which jobs are meant.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use super::{JobName, JobState, Priority, Progress};
use crate::{JobId, RequestContext};

/// What a queue knows of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobRecord {
    /// Its id.
    pub id: JobId,
    /// Its name.
    pub name: JobName,
    /// Where it stands.
    pub state: JobState,
    /// How urgent it is.
    pub priority: Priority,
    /// How often a worker began it; of a waiting one, how often it failed.
    pub attempts: u32,
    /// How often it is begun at most.
    pub max_attempts: u32,
    /// When it was enqueued.
    pub enqueued_at: DateTime<Utc>,
    /// When it is due, or was.
    pub run_at: DateTime<Utc>,
    /// When a worker took it the last time.
    pub started_at: Option<DateTime<Utc>>,
    /// When it came to its end.
    pub finished_at: Option<DateTime<Utc>>,
    /// How far the last attempt came.
    pub progress: Option<Progress>,
    /// What went wrong the last time, with its causes.
    pub reason: Option<String>,
    /// Whether somebody asked for its cancellation while it ran.
    pub is_cancelling: bool,
    /// The worker that has it, or had it last.
    pub worker: Option<String>,
    /// Its unique key.
    pub unique: Option<String>,
    /// On whose behalf it runs.
    pub context: Option<RequestContext>,
    /// Its payload, as JSON text.
    #[serde(serialize_with = "as_json")]
    pub payload: String,
}

/// Within JSON, JSON text is what it says.
fn as_json<S: Serializer>(payload: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match serde_json::from_str::<serde_json::Value>(payload) {
        Ok(value) => value.serialize(serializer),
        Err(_) => payload.serialize(serializer),
    }
}

/// Which jobs are meant: those that everything set here is true of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobFilter {
    /// Only these; all when it is empty.
    pub ids: Vec<JobId>,
    /// Only those with one of these names; all when it is empty.
    pub names: Vec<JobName>,
    /// Only those in one of these states; all when it is empty.
    pub states: Vec<JobState>,
    /// Only those that ended at least so long ago.
    pub finished_for: Option<Duration>,
}

impl JobFilter {
    /// Every job.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only these; called again, those too.
    #[must_use]
    pub fn ids(mut self, ids: impl IntoIterator<Item = JobId>) -> Self {
        self.ids.extend(ids);
        self
    }

    /// Only those of this name; called again, of that one too.
    #[must_use]
    pub fn name(mut self, name: JobName) -> Self {
        self.names.push(name);
        self
    }

    /// Only those in this state; called again, in that one too.
    #[must_use]
    pub fn state(mut self, state: JobState) -> Self {
        self.states.push(state);
        self
    }

    /// Only those that ended at least so long ago.
    #[must_use]
    pub fn finished_for(mut self, age: Duration) -> Self {
        self.finished_for = Some(age);
        self
    }

    /// Whether this one is meant, at the time `now`.
    #[must_use]
    pub fn matches(&self, job: &JobRecord, now: DateTime<Utc>) -> bool {
        let is_old = |age: Duration| {
            job.finished_at.is_some_and(|end| {
                now.signed_duration_since(end).to_std().is_ok_and(|since| since >= age)
            })
        };
        (self.ids.is_empty() || self.ids.contains(&job.id))
            && (self.names.is_empty() || self.names.contains(&job.name))
            && (self.states.is_empty() || self.states.contains(&job.state))
            && self.finished_for.is_none_or(is_old)
    }
}

/// How many jobs of a name are in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobCount {
    /// The name.
    pub name: JobName,
    /// The state.
    pub state: JobState,
    /// How many.
    pub jobs: u64,
}
