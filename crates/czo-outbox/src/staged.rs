//! An event that is to be a row of the write it tells of.

use std::borrow::Cow;

use czo_core::{DomainEvent, Event, EventError, EventFactory, Group, RequestContext};

use crate::partition::Partition;

/// An event that is to be a row of the write it tells of, with the key whose order it keeps.
#[derive(Clone, Debug)]
pub struct StagedEvent {
    pub(crate) event: DomainEvent,
    pub(crate) key: Option<String>,
    pub(crate) group: Option<Group>,
}

impl StagedEvent {
    /// An event that keeps order with no other.
    #[must_use]
    pub fn unordered(event: DomainEvent) -> Self {
        Self { event, key: None, group: None }
    }

    /// An event that is published behind all others of `key` that were committed before it.
    ///
    /// The key is by custom the id of what the event is about. Letters that a database can't keep
    /// in text (NUL) are replaced.
    #[must_use]
    pub fn keyed(event: DomainEvent, key: impl Into<String>) -> Self {
        let mut key = key.into();
        if key.contains('\0') {
            key = key.replace('\0', "\u{fffd}");
        }
        Self { event, key: Some(key), group: None }
    }

    /// The event that `payload` happened, by order of `ctx`, with the key that its type names.
    ///
    /// # Errors
    ///
    /// [`EventError::Encode`] when the payload has no JSON form.
    pub fn of<E: Event>(
        factory: &EventFactory,
        ctx: &RequestContext,
        payload: &E,
    ) -> Result<Self, EventError> {
        let event = factory.event(ctx, payload)?;
        Ok(match payload.aggregate_key() {
            Some(key) => Self::keyed(event, key),
            None => Self::unordered(event),
        })
    }

    /// Only for one group: nobody else gets it, and it is not logged again.
    #[must_use]
    pub fn for_group(mut self, group: Group) -> Self {
        self.group = Some(group);
        self
    }

    /// The event.
    #[must_use]
    pub fn event(&self) -> &DomainEvent {
        &self.event
    }

    /// The key whose order it keeps.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    pub(crate) fn partition(&self) -> Partition {
        let id = self.event.id.uuid();
        let key = match &self.key {
            Some(key) => Cow::Borrowed(key.as_bytes()),
            None => Cow::Owned(id.into_bytes().to_vec()),
        };
        Partition::of(&key)
    }
}

impl From<DomainEvent> for StagedEvent {
    fn from(event: DomainEvent) -> Self {
        Self::unordered(event)
    }
}
