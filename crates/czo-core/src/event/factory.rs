//! Puts payloads into envelopes.

use std::sync::Arc;

use chrono::SubsecRound;

use super::{DomainEvent, Event, EventError, EventMetadata};
use crate::{Clock, EventId, IdGenerator, RequestContext};

/// Puts payloads into envelopes: fills in id (UUIDv7), timestamp, source, correlation id and
/// metadata (requirement EVT 6). Cheap to clone.
#[derive(Clone, Debug)]
pub struct EventFactory {
    source: Arc<str>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl EventFactory {
    /// A factory for the events of `source`, the name of a domain or service.
    #[must_use]
    pub fn new(source: &str, clock: Arc<dyn Clock>, ids: Arc<dyn IdGenerator>) -> Self {
        Self { source: source.into(), clock, ids }
    }

    /// The event that `payload` happened, now, by order of `ctx`.
    ///
    /// # Errors
    ///
    /// [`EventError::Encode`] when the payload has no JSON form.
    pub fn event<E: Event>(
        &self,
        ctx: &RequestContext,
        payload: &E,
    ) -> Result<DomainEvent, EventError> {
        let data = serde_json::to_value(payload)
            .map_err(|source| EventError::Encode { event_type: E::TYPE, source })?;
        Ok(DomainEvent {
            id: EventId::generate(&*self.ids),
            event_type: E::TYPE,
            version: E::VERSION,
            timestamp: self.clock.now().trunc_subsecs(6),
            source: self.source.as_ref().to_owned(),
            correlation_id: ctx.correlation_id.clone(),
            data,
            metadata: EventMetadata {
                shop_id: ctx.shop_id,
                actor_id: ctx.actor.id(),
                actor_type: ctx.actor.kind(),
            },
        })
    }
}
