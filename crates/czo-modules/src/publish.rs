//! Events that modules publish.

use async_trait::async_trait;
use chrono::SubsecRound;
use czo_core::{Clock, DomainEvent, EventId, EventMetadata, EventType, IdGenerator};
use czo_outbox::{Outbox, StagedEvent};
use czo_repo::{DatabaseError, UnitOfWork};
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::{CallScope, EventOutlet, HostError};

/// The largest data of an event, in bytes.
const MAX_DATA: usize = 256 << 10;

/// Writes events of modules into the outbox: each in a unit of work of its own, committed before the
/// module hears its id. Their version is 1: what they mean is the module's promise, by its own version.
pub(crate) struct PublishEvents {
    pub(crate) outbox: Outbox,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdGenerator>,
}

#[async_trait]
impl EventOutlet for PublishEvents {
    async fn publish(
        &self,
        scope: &CallScope,
        event_type: &str,
        key: Option<String>,
        data: String,
    ) -> Result<String, HostError> {
        if data.len() > MAX_DATA {
            return Err(HostError::Limit(format!("an event has at most {MAX_DATA} bytes of data")));
        }
        let event_type: EventType =
            event_type.parse().map_err(|error| HostError::Invalid(format!("{error}")))?;
        // By the grant it is so; what is checked twice is not forged by a mistake in one place.
        if event_type.domain() != scope.module.as_str().replace('-', "_") {
            return Err(HostError::Denied(format!(
                "`{event_type}` is not an event of this module"
            )));
        }
        let data = serde_json::from_str(&data)
            .map_err(|error| HostError::Invalid(format!("the data is no JSON: {error}")))?;
        let event = DomainEvent {
            id: EventId::generate(&*self.ids),
            event_type,
            version: NonZeroU32::MIN,
            timestamp: self.clock.now().trunc_subsecs(6),
            source: format!("module.{}", scope.module),
            correlation_id: scope.context.correlation_id.clone(),
            data,
            metadata: EventMetadata {
                shop_id: scope.context.shop_id,
                actor_id: scope.context.actor.id(),
                actor_type: scope.context.actor.kind(),
            },
        };
        let id = event.id;
        let staged = match key {
            Some(key) => StagedEvent::keyed(event, format!("module/{}/{key}", scope.module)),
            None => StagedEvent::unordered(event),
        };
        let written = self
            .outbox
            .database()
            .transaction(async |tx: &UnitOfWork| {
                self.outbox.publish(tx, staged.clone());
                Ok::<_, DatabaseError>(())
            })
            .await;
        written.map_err(|error| {
            let (module, error) = (&scope.module, czo_core::describe(&error));
            tracing::warn!(%module, error, "an event of a module was not written");
            HostError::Unavailable("the event was not written; try again later".to_owned())
        })?;
        Ok(id.to_string())
    }
}
