//! A bus that does nothing, and says when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use czo_core::{
    Audience, BusError, DomainEvent, EventBus, EventHandler, Group, Health, Settlement,
    SubscribeOptions, Subscription, TopicPattern,
};
use tokio::sync::{Notify, mpsc};

/// A bus that does nothing with what it takes.
#[derive(Debug, Default)]
pub(crate) struct NullBus {
    taken: AtomicUsize,
    expected: AtomicUsize,
    all: Notify,
    /// Who wants to know the number in each event, and when it came.
    times: Option<mpsc::UnboundedSender<(u64, Instant)>>,
}

impl NullBus {
    /// A bus that tells when each event came.
    pub(crate) fn timed() -> (Arc<Self>, mpsc::UnboundedReceiver<(u64, Instant)>) {
        let (times, came) = mpsc::unbounded_channel();
        (Arc::new(Self { times: Some(times), ..Self::default() }), came)
    }

    /// Waits until it has taken so many.
    pub(crate) async fn has(&self, events: usize) {
        self.expected.store(events, Ordering::SeqCst);
        loop {
            let all = self.all.notified();
            if self.taken.load(Ordering::SeqCst) >= events {
                return;
            }
            all.await;
        }
    }
}

#[async_trait]
impl EventBus for NullBus {
    async fn publish(&self, event: DomainEvent) -> Result<(), BusError> {
        self.relay(event, &Audience::Everyone).await.map(drop)
    }

    async fn publish_batch(&self, events: Vec<DomainEvent>) -> Result<(), BusError> {
        for event in events {
            self.publish(event).await?;
        }
        Ok(())
    }

    async fn relay(&self, event: DomainEvent, _: &Audience) -> Result<Settlement, BusError> {
        if let Some(times) = &self.times {
            let number = event.data["number"].as_u64().unwrap_or_default();
            let _ = times.send((number, Instant::now()));
        }
        let taken = self.taken.fetch_add(1, Ordering::SeqCst) + 1;
        let expected = self.expected.load(Ordering::SeqCst);
        if expected > 0 && taken >= expected {
            self.all.notify_waiters();
        }
        Ok(Settlement::settled())
    }

    async fn subscribe(
        &self,
        _: TopicPattern,
        _: Group,
        _: Arc<dyn EventHandler>,
        _: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        Ok(Subscription::new(|| {}))
    }

    async fn shutdown(&self, _: Duration) -> Result<(), BusError> {
        Ok(())
    }

    async fn health(&self) -> Health {
        Health::up()
    }
}
