//! What was given up.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use super::{BusError, Group};
use crate::{DomainEvent, EventId, TopicPattern};

/// An event that a group gave up, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeadLetter {
    /// The event, as it was published.
    #[serde(serialize_with = "shared")]
    pub event: Arc<DomainEvent>,
    /// The group whose handler failed.
    pub group: Group,
    /// What the handler said the last time, with its causes.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub at: DateTime<Utc>,
}

fn shared<S: Serializer>(event: &Arc<DomainEvent>, serializer: S) -> Result<S::Ok, S::Error> {
    event.serialize(serializer)
}

impl DeadLetter {
    /// An event that is given up. For providers.
    #[must_use]
    pub fn new(
        event: Arc<DomainEvent>,
        group: Group,
        reason: String,
        attempts: u32,
        at: DateTime<Utc>,
    ) -> Self {
        Self { event, group, reason, attempts, at }
    }
}

/// Which dead letters are meant: those that everything set here is true of.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DeadLetterFilter {
    /// Only those of this group.
    pub group: Option<Group>,
    /// Only those whose type matches.
    pub pattern: Option<TopicPattern>,
    /// Only those whose reason contains this text.
    pub reason: Option<String>,
    /// Only those of this event.
    pub event: Option<EventId>,
}

impl DeadLetterFilter {
    /// Every dead letter.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only those of this group.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.group = Some(group);
        self
    }

    /// Only those whose type matches.
    #[must_use]
    pub fn pattern(mut self, pattern: TopicPattern) -> Self {
        self.pattern = Some(pattern);
        self
    }

    /// Only those whose reason contains this text.
    #[must_use]
    pub fn reason(mut self, text: impl Into<String>) -> Self {
        self.reason = Some(text.into());
        self
    }

    /// Only those of this event.
    #[must_use]
    pub fn event(mut self, event: EventId) -> Self {
        self.event = Some(event);
        self
    }

    /// Whether this one is meant.
    #[must_use]
    pub fn matches(&self, letter: &DeadLetter) -> bool {
        self.group.as_ref().is_none_or(|group| *group == letter.group)
            && self.pattern.as_ref().is_none_or(|wanted| wanted.matches(&letter.event.event_type))
            && self.reason.as_ref().is_none_or(|text| letter.reason.contains(text))
            && self.event.is_none_or(|id| id == letter.event.id)
    }
}

/// What the groups of a bus gave up, to be looked at, tried again or thrown away.
///
/// It is held as `Arc<dyn DeadLetters>`. All methods may be called at the same time from any task.
/// How long letters are kept is the provider's promise.
#[async_trait]
pub trait DeadLetters: Send + Sync + fmt::Debug {
    /// Those that are meant, oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// When the provider can't be asked.
    async fn list(
        &self,
        filter: &DeadLetterFilter,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, BusError>;

    /// Hands those that are meant to their groups again, oldest first, as if they had not been
    /// tried, and says how many. Where nobody in the group listens they stay.
    ///
    /// # Errors
    ///
    /// When the provider can't be asked; some may have been handed over then, and those are no
    /// longer dead letters.
    async fn redrive(&self, filter: &DeadLetterFilter) -> Result<usize, BusError>;

    /// Throws away those that are meant, for ever, and says how many.
    ///
    /// # Errors
    ///
    /// When the provider can't be asked.
    async fn purge(&self, filter: &DeadLetterFilter) -> Result<usize, BusError>;
}
