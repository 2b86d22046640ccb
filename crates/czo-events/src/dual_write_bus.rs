//! Two buses at once, to move from one to the other.

mod broker_side;
mod mirror;
mod shadow;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    Audience, BusError, DomainEvent, EventBus, EventHandler, Group, HandlerError, Health,
    HealthStatus, IdGenerator, Settlement, SubscribeOptions, Subscription, SystemIds, TopicPattern,
};
use tokio::time::Instant;

use self::broker_side::BrokerSide;
use self::mirror::Mirror;
use self::shadow::Shadow;
use crate::parity_ledger::{ParityLedger, Side};

/// How many events of a batch are given to both at once.
const CHUNK: usize = 256;

/// An [`EventBus`] over two: the local one, which serves as if it were alone, and a broker, which
/// is given every event too, so that a [`ParityLedger`] can show whether it may take over.
///
/// **Delivery, failure, order, back pressure.** Those of the local bus: handlers run there, once.
/// What the broker brings is only counted, in groups of their own (`<group>.parity_…`) that are
/// [temporary](SubscribeOptions::temporary).
///
/// **Settlement.** That of the local bus, whatever the broker does. An event for one group only is
/// not given to the broker: it was when it was for everyone.
///
/// **The broker** never fails or delays a caller. What is [published](EventBus::publish) waits for
/// it in order and in memory, 10,000 events at most; while it is out of reach they are published
/// again, with pauses from 100 ms to 10 s. What is beyond that number, or not taken when the bus
/// shuts down, the broker lacks, which the ledger calls missing. So does what is
/// [relayed](EventBus::relay), unless an outbox keeps it for the broker too: see
/// [`with_outbox`](Self::with_outbox). A group is compared from the moment the broker listens for
/// it.
///
/// **Threads.** The events for the broker are published by a task in the tokio runtime that called
/// [`new`](Self::new).
#[derive(Clone, Debug)]
pub struct DualWriteBus {
    local: Arc<dyn EventBus>,
    broker: Arc<dyn EventBus>,
    mirror: Arc<Mirror>,
    ledger: ParityLedger,
    /// What the groups that compare have behind their names: this process's own.
    suffix: Arc<str>,
    /// Whether the outbox gives the broker what it relays.
    has_outbox: bool,
}

impl DualWriteBus {
    /// Writes to both from now on. Both are shut down with it. Panics outside of a tokio runtime.
    #[must_use]
    pub fn new(local: Arc<dyn EventBus>, broker: Arc<dyn EventBus>) -> Self {
        Self::start(local, broker, false)
    }

    /// As [`new`](Self::new), for an outbox that keeps each event for both: one relay hands what
    /// is for the local bus to this one, and a second one what is for the broker to
    /// [`broker_side`](Self::broker_side). So the broker lacks nothing that it does not refuse,
    /// whatever ends in between. Either may be the first to have an event.
    #[must_use]
    pub fn with_outbox(local: Arc<dyn EventBus>, broker: Arc<dyn EventBus>) -> Self {
        Self::start(local, broker, true)
    }

    fn start(local: Arc<dyn EventBus>, broker: Arc<dyn EventBus>, has_outbox: bool) -> Self {
        let ledger = if has_outbox { ParityLedger::of_outbox() } else { ParityLedger::default() };
        let mirror = Arc::new(Mirror::start(broker.clone(), ledger.clone()));
        let suffix = SystemIds.uuid_v7().simple().to_string().into();
        Self { local, broker, mirror, ledger, suffix, has_outbox }
    }

    /// The broker, for a relay of what an outbox keeps for it: what it takes is in the ledger.
    #[must_use]
    pub fn broker_side(&self) -> Arc<dyn EventBus> {
        Arc::new(BrokerSide { broker: self.broker.clone(), ledger: self.ledger.clone() })
    }

    /// What the broker did with the events.
    #[must_use]
    pub fn ledger(&self) -> &ParityLedger {
        &self.ledger
    }
}

/// Tells the ledger of an event before it is handled.
struct Witness {
    handler: Arc<dyn EventHandler>,
    group: Group,
    ledger: ParityLedger,
}

#[async_trait]
impl EventHandler for Witness {
    async fn handle(&self, event: Arc<DomainEvent>) -> Result<(), HandlerError> {
        self.ledger.arrived(&event, &self.group, Side::Local);
        self.handler.handle(event).await
    }
}

#[async_trait]
impl EventBus for DualWriteBus {
    async fn publish(&self, event: DomainEvent) -> Result<(), BusError> {
        self.mirror.during(vec![event.clone()], self.local.publish(event)).await
    }

    /// As [`EventBus::publish_batch`], 256 events at a time.
    async fn publish_batch(&self, mut events: Vec<DomainEvent>) -> Result<(), BusError> {
        let mut refused = None;
        while !events.is_empty() {
            let rest = events.split_off(events.len().min(CHUNK));
            let chunk = std::mem::replace(&mut events, rest);
            match self.mirror.during(chunk.clone(), self.local.publish_batch(chunk)).await {
                Ok(()) => {}
                // The others have it, and are to have the rest.
                Err(error @ BusError::Overloaded { .. }) => drop(refused.get_or_insert(error)),
                Err(error) => return Err(error),
            }
        }
        refused.map_or(Ok(()), Err)
    }

    async fn relay(&self, event: DomainEvent, audience: &Audience) -> Result<Settlement, BusError> {
        if audience.group().is_some() {
            return self.local.relay(event, audience).await;
        }
        if self.has_outbox {
            // Before it can arrive anywhere.
            self.ledger.given(&event);
            return self.local.relay(event, audience).await;
        }
        self.mirror.during(vec![event.clone()], self.local.relay(event, audience)).await
    }

    async fn subscribe(
        &self,
        pattern: TopicPattern,
        group: Group,
        handler: Arc<dyn EventHandler>,
        options: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        let witness = Witness { handler, group: group.clone(), ledger: self.ledger.clone() };
        let (wanted, of) = (pattern.clone(), group.clone());
        let served = self.local.subscribe(pattern, group, Arc::new(witness), options).await?;
        let shadow = Shadow::cast(self, wanted, of);
        Ok(served.and(move || shadow.end()))
    }

    /// Drains the local bus, then what waits for the broker, then the broker.
    async fn shutdown(&self, deadline: Duration) -> Result<(), BusError> {
        let until = Instant::now() + deadline;
        let drained = self.local.shutdown(deadline).await;
        self.mirror.finish(until).await;
        let rest = until.saturating_duration_since(Instant::now());
        match tokio::time::timeout(rest, self.broker.shutdown(rest)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the broker of a dual write was not drained"),
            Err(_) => tracing::warn!("the broker of a dual write did not end in time"),
        }
        drained
    }

    /// That of the local bus; degraded while the broker does not take what waits for it.
    async fn health(&self) -> Health {
        let local = self.local.health().await;
        match self.mirror.trouble() {
            Some(trouble) if local.status == HealthStatus::Up => Health::degraded(trouble),
            _ => local,
        }
    }
}
