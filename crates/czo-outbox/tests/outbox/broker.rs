//! A bus that takes events as a broker does, and fails when it is told to.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    Audience, BusError, DomainEvent, EventBus, EventHandler, EventId, Group, Health, Settlement,
    SubscribeOptions, Subscription, TopicPattern,
};
use tokio::sync::Notify;

use crate::shop::{LONG, read};

/// A bus that takes events as a broker does: what it has taken is settled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Broker {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    arrived: Vec<(Audience, DomainEvent)>,
    attempts: usize,
    is_down: bool,
    refused: HashSet<String>,
    overloaded: HashSet<String>,
}

impl Broker {
    pub(crate) fn set_down(&self, is_down: bool) {
        self.shared.state.lock().unwrap().is_down = is_down;
    }

    /// Refuses events of this parcel for ever.
    pub(crate) fn refuse(&self, parcel: &str, refuse: bool) {
        let mut state = self.shared.state.lock().unwrap();
        let _ =
            if refuse { state.refused.insert(parcel.into()) } else { state.refused.remove(parcel) };
    }

    /// Takes no event of this parcel for now.
    pub(crate) fn overload(&self, parcel: &str, overload: bool) {
        let mut state = self.shared.state.lock().unwrap();
        let parcels = &mut state.overloaded;
        let _ = if overload { parcels.insert(parcel.into()) } else { parcels.remove(parcel) };
    }

    pub(crate) fn attempts(&self) -> usize {
        self.shared.state.lock().unwrap().attempts
    }

    pub(crate) fn arrived(&self) -> Vec<DomainEvent> {
        let state = self.shared.state.lock().unwrap();
        state.arrived.iter().map(|(_, event)| event.clone()).collect()
    }

    pub(crate) fn audiences(&self) -> Vec<Audience> {
        let state = self.shared.state.lock().unwrap();
        state.arrived.iter().map(|(audience, _)| audience.clone()).collect()
    }

    /// The scans of each parcel as they arrived, repetitions left out.
    pub(crate) fn scans(&self) -> HashMap<String, Vec<i64>> {
        let mut seen: HashSet<EventId> = HashSet::new();
        let mut scans: HashMap<_, Vec<_>> = HashMap::new();
        for event in self.arrived() {
            if seen.insert(event.id) {
                let (parcel, count) = read(&event);
                scans.entry(parcel).or_default().push(count);
            }
        }
        scans
    }

    pub(crate) fn scans_of(&self, parcel: &str) -> Vec<i64> {
        self.scans().remove(parcel).unwrap_or_default()
    }

    /// Waits until so many different events have arrived.
    pub(crate) async fn has(&self, events: usize) {
        let wait = async {
            loop {
                let changed = self.shared.changed.notified();
                if self.scans().values().map(Vec::len).sum::<usize>() >= events {
                    return;
                }
                changed.await;
            }
        };
        let arrived = tokio::time::timeout(LONG, wait).await;
        assert!(arrived.is_ok(), "{events} events did not arrive: {:?}", self.scans());
    }

    /// Waits until it was asked so often.
    pub(crate) async fn was_asked(&self, attempts: usize) {
        let wait = async {
            loop {
                let changed = self.shared.changed.notified();
                if self.attempts() >= attempts {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(LONG, wait).await.unwrap();
    }

    fn take(&self, event: DomainEvent, audience: &Audience) -> Result<(), BusError> {
        let mut state = self.shared.state.lock().unwrap();
        state.attempts += 1;
        if state.is_down {
            return Err(BusError::Unavailable { reason: "of the test".to_owned() });
        }
        let (parcel, _) = read(&event);
        let group: Group = "test.group".parse().unwrap();
        if state.refused.contains(&parcel) {
            return Err(BusError::UnknownGroup { group });
        }
        if state.overloaded.contains(&parcel) {
            return Err(BusError::Overloaded { group, waiting: 1 });
        }
        state.arrived.push((audience.clone(), event));
        Ok(())
    }
}

#[async_trait]
impl EventBus for Broker {
    async fn publish(&self, event: DomainEvent) -> Result<(), BusError> {
        self.relay(event, &Audience::Everyone).await.map(drop)
    }

    async fn publish_batch(&self, events: Vec<DomainEvent>) -> Result<(), BusError> {
        for event in events {
            self.publish(event).await?;
        }
        Ok(())
    }

    async fn relay(&self, event: DomainEvent, audience: &Audience) -> Result<Settlement, BusError> {
        // Others have their turn, as they have while a broker confirms.
        tokio::task::yield_now().await;
        let taken = self.take(event, audience);
        self.shared.changed.notify_waiters();
        taken.map(|()| Settlement::settled())
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
