//! A job that is to be enqueued.

use std::time::Duration;

use super::{Job, JobError, JobName, Priority};
use crate::{RequestContext, RetryPolicy};

/// The longest unique key, in bytes.
pub(super) const UNIQUE_KEY_MAX: usize = 200;

/// A job that is to be enqueued: what, when, how urgent, and how often it is tried.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[must_use = "a job runs once it is enqueued"]
pub struct NewJob {
    /// Its name.
    pub name: JobName,
    /// Its payload, as JSON text.
    pub payload: String,
    /// How long it waits before it is due, counted by the queue from when it takes it. Default
    /// none.
    pub after: Duration,
    /// How urgent it is. Default [`Priority::Normal`].
    pub priority: Priority,
    /// The key that no other waiting or running job of this name may have. Default none.
    pub unique: Option<String>,
    /// When it is tried again. Default that of [`Job::retry`].
    pub retry: RetryPolicy,
    /// On whose behalf it runs. Default nobody's: the system's, under a correlation id of its own.
    pub context: Option<RequestContext>,
}

impl NewJob {
    /// A job with this payload, due at once.
    ///
    /// # Errors
    ///
    /// [`JobError::Payload`] when it has no JSON form.
    pub fn of<J: Job>(payload: &J) -> Result<Self, JobError> {
        let json = serde_json::to_string(payload)
            .map_err(|source| JobError::Payload { name: J::NAME, source })?;
        Ok(Self::raw(J::NAME, json, J::retry()))
    }

    /// A job with a payload that is JSON text already. For tools; others use [`of`](Self::of).
    pub fn raw(name: JobName, json: String, retry: RetryPolicy) -> Self {
        Self {
            name,
            payload: json,
            after: Duration::ZERO,
            priority: Priority::default(),
            unique: None,
            retry,
            context: None,
        }
    }

    /// Due after this long, not at once.
    pub fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }

    /// More or less urgent than others.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Not enqueued while a job of the same name with the same key waits or runs: enqueuing then
    /// answers with that one's id. A key has 1 to 200 bytes and no control characters.
    pub fn unique(mut self, key: impl Into<String>) -> Self {
        self.unique = Some(key.into());
        self
    }

    /// Tried again by this schedule.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// On behalf of whoever asks: correlation id, shop and actor are stored, and are the
    /// [current context](RequestContext::current) of the handler. The roles of the actor are those
    /// of now, also when the job runs much later.
    pub fn by(mut self, ctx: &RequestContext) -> Self {
        self.context = Some(ctx.clone());
        self
    }

    /// Whether a queue may take it. For providers, which ask before they store.
    ///
    /// # Errors
    ///
    /// [`JobError::UniqueKey`].
    pub fn check(&self) -> Result<(), JobError> {
        let fits = self.unique.as_ref().is_none_or(|key| {
            (1..=UNIQUE_KEY_MAX).contains(&key.len()) && !key.chars().any(char::is_control)
        });
        if fits { Ok(()) } else { Err(JobError::UniqueKey { name: self.name.clone() }) }
    }
}

/// What became of a job that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Enqueued {
    /// Its id; that of the existing one when it is not new.
    pub id: crate::JobId,
    /// Whether it was enqueued, and not found by its unique key.
    pub is_new: bool,
}

impl Enqueued {
    /// A job that was enqueued. For providers.
    #[must_use]
    pub fn new(id: crate::JobId) -> Self {
        Self { id, is_new: true }
    }

    /// A job that waits or runs already. For providers.
    #[must_use]
    pub fn existing(id: crate::JobId) -> Self {
        Self { id, is_new: false }
    }
}
