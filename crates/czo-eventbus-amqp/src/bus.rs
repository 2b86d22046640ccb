//! The bus over RabbitMQ.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    Audience, BusError, DomainEvent, EventBus, EventHandler, EventType, Group, Health,
    SYSTEM_PRODUCER, Settlement, SubscribeOptions, Subscription, TopicPattern,
};
use tokio::time::Instant;

use crate::AmqpOptions;
use crate::group::GroupHub;
use crate::link::Link;
use crate::message::Message;
use crate::publisher::{NotConfirmed, Place, Published, Publisher};

/// How long events may wait with the process for their attempts: the broker takes the channel away
/// from one that keeps an event for half an hour.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// An [`EventBus`] over RabbitMQ. Clones are the same bus.
///
/// It connects when it is made, in the background and again whenever the connection is lost, and
/// declares what it needs: exchanges, and for each group a queue, its bindings and a queue for its
/// dead letters. One connection is for what is published and one for what is consumed, so that a
/// broker which takes no messages still gives them out.
///
/// **Delivery.** At least once to every group whose queue is bound when the event is published,
/// whether or not a process of it runs; queues are durable and messages persistent. `Ok` of
/// `publish` means that the broker has confirmed it. Without confirmation in
/// [`confirm_timeout`](AmqpOptions::confirm_timeout) it is [`BusError::Unavailable`], and the event
/// may or may not arrive; when the connection is lost meanwhile, it is published again with the
/// same id. What a handler finished while its acknowledgement was lost is not handled again by the
/// same process, as far back as 4,096 events.
///
/// **No group.** An event that no queue is bound for is counted
/// (`czo_eventbus_unroutable_total`), and an error with
/// [`refuse_unroutable`](AmqpOptions::refuse_unroutable).
///
/// **Failure.** As [`EventBus`] says. An event waits for its next attempt in a queue of the broker,
/// so that it survives the process and takes nobody's place, or with the process where the group
/// keeps order, is temporary, or the broker does not take it. A message that is no event goes to
/// the dead letters with the reason. What a temporary group gives up is logged and gone.
///
/// **Order.** As [`EventBus`] says. With an ordering key one process at a time gets the events of
/// the group (single active consumer), up to 1,000 of them at hand; another takes over when it
/// ends. Where the broker gives events out again after an outage, those handled in between come
/// twice, and the first times are in order.
///
/// **Back pressure.** The broker keeps what waits; `publish` waits for its confirmation.
///
/// **Settlement.** What `relay` took is with the broker: it is settled when it returns.
///
/// **Cancellation.** Dropping the future of `publish` leaves the event published or not. A group
/// without subscriptions keeps its queue, where events wait; a temporary one is gone a minute after
/// its last process.
///
/// **Threads.** Handlers run in the tokio runtime that called `subscribe`, those of one subscription
/// in one task, inside the context of their event.
#[derive(Clone, Debug)]
pub struct AmqpBus {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: AmqpOptions,
    pub(crate) publishing: Link,
    pub(crate) consuming: Link,
    pub(crate) publisher: Arc<Publisher>,
    exchanges: Exchanges,
    groups: Mutex<Groups>,
}

/// The names of the exchanges to which events go.
#[derive(Debug)]
struct Exchanges {
    events: Arc<str>,
    system: Arc<str>,
}

#[derive(Debug, Default)]
struct Groups {
    hubs: BTreeMap<Group, Arc<GroupHub>>,
    is_closed: bool,
}

impl AmqpBus {
    /// A bus with nobody listening, which connects from now on. Panics outside of a tokio runtime.
    #[must_use]
    pub fn new(options: AmqpOptions) -> Self {
        let publishing = Link::open(&options, "publishing");
        let consuming = Link::open(&options, "consuming");
        let publisher = Arc::new(Publisher::start(&options, &publishing));
        let (events, system) = (&options.names.events, &options.names.system);
        let exchanges =
            Exchanges { events: events.as_str().into(), system: system.as_str().into() };
        let groups = Mutex::default();
        let shared = Shared { options, publishing, consuming, publisher, exchanges, groups };
        Self { shared: Arc::new(shared) }
    }
}

impl Shared {
    pub(crate) fn hubs(&self) -> Vec<Arc<GroupHub>> {
        lock(&self.groups).hubs.values().cloned().collect()
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.groups).is_closed
    }

    /// Where events of a type go.
    fn place(&self, event_type: &EventType) -> Place {
        let Exchanges { events, system } = &self.exchanges;
        let exchange = match event_type.segments().next() {
            Some(SYSTEM_PRODUCER) => system,
            _ => events,
        };
        Place { exchange: exchange.clone(), key: event_type.clone().into() }
    }

    fn message(&self, event: DomainEvent) -> Result<Message, BusError> {
        if self.is_closed() {
            return Err(BusError::Closed);
        }
        Message::of(event).map_err(|reason| BusError::Refused { reason })
    }

    /// What the broker's word means for whoever publishes.
    fn outcome(
        &self,
        event_type: EventType,
        published: Result<Published, NotConfirmed>,
    ) -> Result<(), BusError> {
        match published {
            Ok(Published::Routed) => {
                let event_type: Cow<'static, str> = event_type.into();
                metrics::counter!("czo_eventbus_publish_total", "type" => event_type).increment(1);
                Ok(())
            }
            Ok(Published::Unroutable) => {
                metrics::counter!("czo_eventbus_unroutable_total", "type" => event_type.to_string())
                    .increment(1);
                if self.options.refuse_unroutable {
                    return Err(BusError::Unroutable { event_type });
                }
                tracing::debug!(event.r#type = event_type.as_str(), "no group is there for it");
                Ok(())
            }
            Err(_) if self.is_closed() => Err(BusError::Closed),
            Err(NotConfirmed(reason)) => Err(BusError::Unavailable { reason }),
        }
    }

    /// The hub of a group, made if there is none.
    fn hub(&self, group: &Group) -> Result<Arc<GroupHub>, BusError> {
        let mut groups = lock(&self.groups);
        if groups.is_closed {
            return Err(BusError::Closed);
        }
        let hub = groups.hubs.entry(group.clone()).or_insert_with(|| {
            let (link, publisher) = (&self.consuming, &self.publisher);
            Arc::new(GroupHub::start(&self.options, group.clone(), link, publisher))
        });
        Ok(hub.clone())
    }
}

#[async_trait]
impl EventBus for AmqpBus {
    async fn publish(&self, event: DomainEvent) -> Result<(), BusError> {
        let event_type = event.event_type.clone();
        let place = self.shared.place(&event_type);
        let published = self.shared.publisher.publish(place, self.shared.message(event)?).await;
        self.shared.outcome(event_type, published)
    }

    /// As [`EventBus::publish_batch`]: all are on their way before the first is confirmed. When
    /// some are not confirmed, others may be, also later ones.
    async fn publish_batch(&self, events: Vec<DomainEvent>) -> Result<(), BusError> {
        let mut under_way = Vec::with_capacity(events.len());
        for event in events {
            let event_type = event.event_type.clone();
            let place = self.shared.place(&event_type);
            match self.shared.publisher.send(place, self.shared.message(event)?).await {
                Ok(pending) => under_way.push((event_type, pending)),
                Err(error) => return self.shared.outcome(event_type, Err(error)),
            }
        }
        let mut failed = None;
        for (event_type, mut pending) in under_way {
            if let Err(error) = self.shared.outcome(event_type, pending.said().await) {
                failed.get_or_insert(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn relay(&self, event: DomainEvent, audience: &Audience) -> Result<Settlement, BusError> {
        let Some(group) = audience.group() else {
            self.publish(event).await?;
            return Ok(Settlement::settled());
        };
        let event_type = event.event_type.clone();
        let message = self.shared.message(event)?.only_for(group);
        let queue = Place::queue(self.shared.options.names.queue(group));
        match self.shared.publisher.publish(queue, message).await {
            Ok(Published::Unroutable) => Err(BusError::UnknownGroup { group: group.clone() }),
            published => self.shared.outcome(event_type, published).map(|()| Settlement::settled()),
        }
    }

    /// As [`EventBus::subscribe`]. It returns once the queue is declared, bound and listened to;
    /// where the broker is out of reach it returns all the same, and that is done as soon as it is
    /// not.
    ///
    /// # Errors
    ///
    /// [`BusError::Conflict`] when the queue is there with other properties, when subscriptions of
    /// the group differ in whether they keep an order or are temporary, and when one that keeps
    /// order waits longer than 15 minutes between attempts.
    async fn subscribe(
        &self,
        pattern: TopicPattern,
        group: Group,
        handler: Arc<dyn EventHandler>,
        options: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        let waits: Duration = options.retry.delays().iter().sum();
        if (options.ordered_by.is_some() || options.temporary) && waits > LONGEST_WAIT {
            let reason = "its events wait for their next attempt with this process, since it keeps \
                          the order of keys or is temporary, and that may take 15 minutes at most \
                          for all attempts together";
            return Err(BusError::Conflict { group, reason: reason.to_owned() });
        }
        if self.shared.options.names.queue(&group).starts_with("amq.") {
            let reason = "names that begin with `amq.` are the broker's own";
            return Err(BusError::Conflict { group, reason: reason.to_owned() });
        }
        let hub = self.shared.hub(&group)?;
        let (member, version) =
            hub.join(self.shared.options.prefetch, pattern, handler, options)?;
        // Weak: a subscription that outlives the bus must not keep it alive.
        let weak = Arc::downgrade(&hub);
        let subscription = Subscription::new(move || {
            if let Some(hub) = weak.upgrade() {
                hub.leave(&member);
            }
        });
        hub.is_served(version).await?;
        Ok(subscription)
    }

    /// As [`EventBus::shutdown`]: what handlers have begun is finished, and everything else stays
    /// with the broker, or goes back to it.
    async fn shutdown(&self, deadline: Duration) -> Result<(), BusError> {
        let until = Instant::now() + deadline;
        lock(&self.shared.groups).is_closed = true;
        let hubs = self.shared.hubs();
        hubs.iter().for_each(|hub| hub.end());
        let drained = async {
            for hub in &hubs {
                hub.has_ended().await;
            }
            self.shared.publisher.is_idle().await;
        };
        let drained = tokio::time::timeout_at(until, drained).await;
        let under_way: usize = hubs.iter().map(|hub| hub.under_way()).sum();
        let left = under_way + self.shared.publisher.unconfirmed();
        self.shared.consuming.close().await;
        self.shared.publishing.close().await;
        if drained.is_ok() || left == 0 { Ok(()) } else { Err(BusError::DrainTimedOut { left }) }
    }

    async fn health(&self) -> Health {
        self.shared.health().await
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
