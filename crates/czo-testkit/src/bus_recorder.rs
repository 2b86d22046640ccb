//! An event bus that keeps what was published.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    Audience, BusError, DomainEvent, Event, EventBus, EventHandler, Group, Health, Settlement,
    SubscribeOptions, Subscription, TopicPattern,
};

/// An event bus that keeps what was published, in order, and delivers it to nobody.
#[derive(Clone, Debug, Default)]
pub struct BusRecorder {
    published: Arc<Mutex<Vec<DomainEvent>>>,
}

impl BusRecorder {
    /// Everything published since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<DomainEvent> {
        std::mem::take(&mut *self.published.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The types of everything published since the last call, for a short assertion.
    #[must_use]
    pub fn take_types(&self) -> Vec<String> {
        self.take().iter().map(|event| event.event_type.to_string()).collect()
    }

    /// The payloads of every `E` published since the last call; other events are dropped.
    ///
    /// # Panics
    ///
    /// If an event of this type has another shape.
    #[must_use]
    pub fn take_of<E: Event>(&self) -> Vec<E> {
        self.take()
            .iter()
            .filter(|event| event.event_type == E::TYPE)
            .map(|event| event.decode().expect("an event of this type has this shape"))
            .collect()
    }
}

#[async_trait]
impl EventBus for BusRecorder {
    async fn publish(&self, event: DomainEvent) -> Result<(), BusError> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        Ok(())
    }

    async fn publish_batch(&self, events: Vec<DomainEvent>) -> Result<(), BusError> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
        Ok(())
    }

    /// Keeps the event, whoever it is for, and settles it at once.
    async fn relay(&self, event: DomainEvent, _: &Audience) -> Result<Settlement, BusError> {
        self.publish(event).await?;
        Ok(Settlement::settled())
    }

    async fn subscribe(
        &self,
        _pattern: TopicPattern,
        _group: Group,
        _handler: Arc<dyn EventHandler>,
        _options: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        Ok(Subscription::new(|| {}))
    }

    async fn shutdown(&self, _deadline: Duration) -> Result<(), BusError> {
        Ok(())
    }

    async fn health(&self) -> Health {
        Health::up().with_detail("recording")
    }
}
