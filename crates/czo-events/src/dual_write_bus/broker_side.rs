//! The broker as a relay of an outbox sees it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    Audience, BusError, Classified, DomainEvent, EventBus, EventHandler, Group, Health, Settlement,
    SubscribeOptions, Subscription, TopicPattern,
};

use crate::parity_ledger::ParityLedger;

/// The broker; what it takes or refuses of a relay is in the ledger.
#[derive(Debug)]
pub(super) struct BrokerSide {
    pub(super) broker: Arc<dyn EventBus>,
    pub(super) ledger: ParityLedger,
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl EventBus for BrokerSide {
    async fn publish(&self, event: DomainEvent) -> Result<(), BusError> {
        self.broker.publish(event).await
    }

    async fn publish_batch(&self, events: Vec<DomainEvent>) -> Result<(), BusError> {
        self.broker.publish_batch(events).await
    }

    async fn relay(&self, event: DomainEvent, audience: &Audience) -> Result<Settlement, BusError> {
        let (id, event_type) = (event.id, event.event_type.clone());
        let outcome = self.broker.relay(event, audience).await;
        match &outcome {
            Ok(_) => self.ledger.taken(id, &event_type),
            // The queues that compare are temporary, and may be gone after an outage. They come back.
            Err(BusError::Unroutable { .. }) => {
                let reason = format!("no queue is there for `{event_type}`");
                return Err(BusError::Unavailable { reason });
            }
            // A relay hands it over again.
            Err(error) if error.is_retryable() || matches!(error, BusError::Closed) => {}
            Err(_) => self.ledger.refused(id, &event_type),
        }
        outcome
    }

    async fn subscribe(
        &self,
        pattern: TopicPattern,
        group: Group,
        handler: Arc<dyn EventHandler>,
        options: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        self.broker.subscribe(pattern, group, handler, options).await
    }

    async fn shutdown(&self, deadline: Duration) -> Result<(), BusError> {
        self.broker.shutdown(deadline).await
    }

    async fn health(&self) -> Health {
        self.broker.health().await
    }
}
