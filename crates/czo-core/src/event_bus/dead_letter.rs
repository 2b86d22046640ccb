//! What was given up.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use super::{BusError, Group};
use crate::{DomainEvent, EventId, EventType, TopicPattern};

/// A message that a group gave up, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeadLetter {
    /// What was given up.
    #[serde(flatten)]
    pub content: DeadContent,
    /// The group that gave it up.
    pub group: Group,
    /// What the handler said the last time, with its causes.
    pub reason: String,
    /// How often it was tried. None where it could not be read.
    pub attempts: u32,
    /// When it was given up.
    pub at: DateTime<Utc>,
    /// When it failed for the first time, and why. The same as the last where it was tried once.
    pub first_failure: Failure,
}

/// What was given up.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DeadContent {
    /// An event, as it was published.
    #[serde(serialize_with = "shared")]
    Event(Arc<DomainEvent>),
    /// Something that is not an event, from another program on the same broker.
    Unreadable(UnreadableMessage),
}

/// A message that is not an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadableMessage {
    /// The id its publisher gave it, if it is that of an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<EventId>,
    /// The type it was published under, if it is that of an event.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub event_type: Option<EventType>,
    /// How long it is, in bytes.
    pub bytes: usize,
    /// How it begins, with what is no text replaced.
    pub beginning: String,
}

/// One attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// When.
    pub at: DateTime<Utc>,
    /// What the handler said, with its causes.
    pub reason: String,
}

fn shared<S: Serializer>(event: &Arc<DomainEvent>, serializer: S) -> Result<S::Ok, S::Error> {
    event.serialize(serializer)
}

impl DeadLetter {
    /// Something that is given up after `attempts` attempts. For providers.
    #[must_use]
    pub fn new(content: DeadContent, group: Group, attempts: u32, last: Failure) -> Self {
        let Failure { at, reason } = last.clone();
        Self { content, group, reason, attempts, at, first_failure: last }
    }

    /// The same, which failed for the first time like this. For providers.
    #[must_use]
    pub fn first_failed(mut self, first: Failure) -> Self {
        self.first_failure = first;
        self
    }

    /// The event, if it is one.
    #[must_use]
    pub fn event(&self) -> Option<&Arc<DomainEvent>> {
        match &self.content {
            DeadContent::Event(event) => Some(event),
            DeadContent::Unreadable(_) => None,
        }
    }

    /// The id of the event, as far as it is known.
    #[must_use]
    pub fn event_id(&self) -> Option<EventId> {
        match &self.content {
            DeadContent::Event(event) => Some(event.id),
            DeadContent::Unreadable(message) => message.id,
        }
    }

    /// The type of the event, as far as it is known.
    #[must_use]
    pub fn event_type(&self) -> Option<&EventType> {
        match &self.content {
            DeadContent::Event(event) => Some(&event.event_type),
            DeadContent::Unreadable(message) => message.event_type.as_ref(),
        }
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
            && self.pattern.as_ref().is_none_or(|wanted| {
                letter.event_type().is_some_and(|event_type| wanted.matches(event_type))
            })
            && self.reason.as_ref().is_none_or(|text| letter.reason.contains(text))
            && self.event.is_none_or(|id| letter.event_id() == Some(id))
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

    /// Hands those that are meant to their groups again, at most `limit`, as if they had not been
    /// tried, and says how many. Those of one group are handed over oldest first. Where the group
    /// is not there they stay: in memory that is when nobody in it listens, on a broker when it
    /// has no queue.
    ///
    /// # Errors
    ///
    /// When the provider can't be asked; some may have been handed over then. On a broker one of
    /// those may still be a dead letter, too.
    async fn redrive(&self, filter: &DeadLetterFilter, limit: usize) -> Result<usize, BusError>;

    /// Throws away those that are meant, for ever, and says how many.
    ///
    /// # Errors
    ///
    /// When the provider can't be asked.
    async fn purge(&self, filter: &DeadLetterFilter) -> Result<usize, BusError>;
}
