//! The bus of a single process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    BusError, DomainEvent, EventBus, EventHandler, Group, Health, SubscribeOptions, Subscription,
    TopicPattern,
};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::subscriber::{Delivery, Subscriber};

/// How many events may wait for one subscription.
const QUEUE_CAPACITY: usize = 1_024;

/// How long `publish` waits for a subscription whose queue is full.
const PUBLISH_PATIENCE: Duration = Duration::from_secs(5);

/// How many waiting events make the bus `degraded`.
const MANY_WAITING: usize = QUEUE_CAPACITY / 2;

/// An [`EventBus`] in memory. Clones are the same bus.
///
/// **Delivery.** Once to every matching group, as long as the process lives; one attempt.
/// **Order.** As published, for a subscription with concurrency 1. **Back pressure.** A full
/// subscription (1,024 waiting events) makes `publish` wait up to five seconds, then refuse with
/// [`BusError::Overloaded`]; no other group gets the refused event.
///
/// Handlers run in the runtime that called `subscribe`, inside
/// [`RequestContext::scope`](czo_core::RequestContext::scope) of their event's context.
#[derive(Clone, Debug, Default)]
pub struct InProcessBus {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    groups: RwLock<BTreeMap<Group, Members>>,
    closed: AtomicBool,
    unhandled: Arc<Unhandled>,
}

/// The subscriptions of one group, which take turns.
#[derive(Debug, Default)]
struct Members {
    subscribers: Vec<Arc<Subscriber>>,
    turn: AtomicUsize,
}

impl Members {
    /// Whoever's turn it is among those that want this event.
    fn next_for(&self, event: &DomainEvent) -> Option<Arc<Subscriber>> {
        let wants = |subscriber: &&Arc<Subscriber>| subscriber.pattern.matches(&event.event_type);
        let willing = self.subscribers.iter().filter(wants).count();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed).checked_rem(willing)?;
        self.subscribers.iter().filter(wants).nth(turn).cloned()
    }
}

/// Counts the events that were taken and not yet handled.
#[derive(Debug, Default)]
pub(crate) struct Unhandled {
    count: AtomicUsize,
    none_left: Notify,
}

impl Unhandled {
    pub(crate) fn add(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn remove(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.none_left.notify_waiters();
        }
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    async fn wait_for_none(&self) {
        loop {
            let none_left = self.none_left.notified();
            // Looked at after `notified`, so that a change in between is not missed.
            if self.count() == 0 {
                return;
            }
            none_left.await;
        }
    }
}

impl InProcessBus {
    /// A bus with nobody listening.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn receivers(&self, event: &DomainEvent) -> Vec<Arc<Subscriber>> {
        let groups = self.shared.groups.read().unwrap_or_else(PoisonError::into_inner);
        groups.values().filter_map(|members| members.next_for(event)).collect()
    }
}

#[async_trait]
impl EventBus for InProcessBus {
    async fn publish(&self, event: DomainEvent) -> Result<(), BusError> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(BusError::Closed);
        }
        metrics::counter!("czo_eventbus_publish_total", "type" => event.event_type.to_string())
            .increment(1);
        let event = Arc::new(event);
        let deadline = Instant::now() + PUBLISH_PATIENCE;

        // First a place in every queue, then the event into all of them without a pause: a
        // publisher that is dropped while it waits has given the event to nobody.
        let mut places = Vec::new();
        for subscriber in self.receivers(&event) {
            match tokio::time::timeout_at(deadline, subscriber.reserve()).await {
                Ok(Some(place)) => places.push(place),
                // It was cancelled meanwhile and wants nothing more.
                Ok(None) => {}
                Err(_) => {
                    return Err(BusError::Overloaded {
                        group: subscriber.group.clone(),
                        waiting: QUEUE_CAPACITY,
                    });
                }
            }
        }
        for place in places {
            place.send(Delivery::new(event.clone(), self.shared.unhandled.clone()));
        }
        Ok(())
    }

    async fn publish_batch(&self, events: Vec<DomainEvent>) -> Result<(), BusError> {
        for event in events {
            self.publish(event).await?;
        }
        Ok(())
    }

    async fn subscribe(
        &self,
        pattern: TopicPattern,
        group: Group,
        handler: Arc<dyn EventHandler>,
        options: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(BusError::Closed);
        }
        let subscriber =
            Subscriber::start(pattern, group.clone(), handler, options, QUEUE_CAPACITY);
        self.shared
            .groups
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(group.clone())
            .or_default()
            .subscribers
            .push(subscriber.clone());

        // Weak: a subscription that outlives the bus must not keep it alive.
        let shared = Arc::downgrade(&self.shared);
        Ok(Subscription::new(move || {
            subscriber.stop();
            let Some(shared) = shared.upgrade() else { return };
            let mut groups = shared.groups.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(members) = groups.get_mut(&group) {
                members.subscribers.retain(|member| !Arc::ptr_eq(member, &subscriber));
                if members.subscribers.is_empty() {
                    groups.remove(&group);
                }
            }
        }))
    }

    async fn shutdown(&self, deadline: Duration) -> Result<(), BusError> {
        self.shared.closed.store(true, Ordering::Release);
        let drained = tokio::time::timeout(deadline, self.shared.unhandled.wait_for_none()).await;
        let left = self.shared.unhandled.count();
        let groups = std::mem::take(
            &mut *self.shared.groups.write().unwrap_or_else(PoisonError::into_inner),
        );
        for subscriber in groups.into_values().flat_map(|members| members.subscribers) {
            subscriber.stop();
        }
        drained.map_err(|_| BusError::DrainTimedOut { left })
    }

    async fn health(&self) -> Health {
        if self.shared.closed.load(Ordering::Acquire) {
            return Health::down("shut down");
        }
        let groups = self.shared.groups.read().unwrap_or_else(PoisonError::into_inner);
        let behind = groups
            .iter()
            .map(|(group, members)| {
                (
                    members.subscribers.iter().map(|member| member.waiting()).max().unwrap_or(0),
                    group,
                )
            })
            .max();
        match behind {
            Some((waiting, group)) if waiting >= MANY_WAITING => {
                Health::degraded(format!("{waiting} events wait for group `{group}`"))
            }
            _ => Health::up().with_detail(format!("in process, groups: {}", groups.len())),
        }
    }
}
