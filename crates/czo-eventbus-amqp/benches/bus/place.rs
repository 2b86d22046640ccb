//! Exchanges and a queue for the measurement, which are gone afterwards.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use czo_core::{
    DomainEvent, Event, EventBus, EventFactory, EventHandler, Group, RequestContext,
    SubscribeOptions, Subscription, SystemClock, SystemIds,
};
use czo_eventbus_amqp::{AmqpBus, AmqpOptions, Names, QueueKind};
use lapin::options::{QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many messages a consumer has at hand.
pub(crate) const PREFETCH: u16 = 200;

/// How long the JSON of an event is, in bytes.
const BODY: usize = 288;

/// An order was placed.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("bench.order.placed", version = 1)]
struct Placed {
    number: u64,
    note: String,
}

pub(crate) struct Place {
    pub(crate) kind: QueueKind,
    pub(crate) bus: AmqpBus,
    pub(crate) connection: Connection,
    /// Where events are published, by the bus and by others.
    pub(crate) exchange: String,
    pub(crate) queue: String,
    names: Names,
    group: Group,
    events: EventFactory,
    ctx: RequestContext,
    /// What brings an event to the length of all.
    note: String,
}

impl Place {
    pub(crate) async fn new(kind: QueueKind) -> Result<Self> {
        let url = std::env::var("CZO_TEST_AMQP_URL")
            .unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned());
        let (id, _) = Uuid::new_v4().as_u64_pair();
        let names = Names::prefixed(&format!("bench-{id:016x}."))?;
        let options = AmqpOptions::new(url.parse()?)
            .names(names.clone())
            .queue_kind(kind)
            .prefetch(PREFETCH)
            // Longer than the whole, should it end before it can tidy up.
            .idle_life(Duration::from_secs(600));
        let group: Group = "orders".parse()?;
        let mut place = Self {
            kind,
            bus: AmqpBus::new(options),
            connection: Connection::connect(&url, ConnectionProperties::default())
                .await
                .context("a RabbitMQ is needed")?,
            exchange: names.events.clone(),
            queue: names.queue(&group),
            names,
            group,
            events: EventFactory::new("bench", Arc::new(SystemClock), Arc::new(SystemIds)),
            ctx: RequestContext::system(&SystemIds),
            note: String::new(),
        };
        let bare = serde_json::to_vec(&place.event(0)?)?.len();
        place.note = "-".repeat(BODY.saturating_sub(bare));
        // The queue stays when the subscription ends.
        drop(place.subscribe(Arc::new(czo_core::handler_fn(async |_| Ok(())))).await?);
        place.is_alone().await?;
        Ok(place)
    }

    /// Takes everything away again.
    pub(crate) async fn leave(&self) -> Result<()> {
        self.bus.shutdown(Duration::from_secs(10)).await?;
        let channel = self.connection.create_channel().await?;
        for queue in [self.queue.clone(), self.names.dead_queue(&self.group)] {
            channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
        }
        for exchange in [&self.names.events, &self.names.system, &self.names.dead_letters] {
            channel.exchange_delete(exchange.as_str().into(), Default::default()).await?;
        }
        self.connection.close(200, "".into()).await?;
        Ok(())
    }

    /// An event with this number.
    pub(crate) fn event(&self, number: usize) -> Result<DomainEvent> {
        // All are equally long.
        let number = u64::try_from(number)? + 1_000_000_000;
        let payload = Placed { number, note: self.note.clone() };
        Ok(self.events.event(&self.ctx, &payload)?)
    }

    pub(crate) fn events(&self, count: usize) -> Result<Vec<DomainEvent>> {
        (0..count).map(|number| self.event(number)).collect()
    }

    /// What such an event is on the wire.
    pub(crate) fn body(&self) -> Result<Vec<u8>> {
        let body = serde_json::to_vec(&self.event(0)?)?;
        ensure!(body.len().abs_diff(BODY) < 8, "an event has {} bytes", body.len());
        Ok(body)
    }

    /// The number of an event.
    pub(crate) fn number(event: &DomainEvent) -> usize {
        let number = event.data["number"].as_u64().unwrap_or_default();
        usize::try_from(number.saturating_sub(1_000_000_000)).unwrap_or_default()
    }

    pub(crate) async fn subscribe(&self, handler: Arc<dyn EventHandler>) -> Result<Subscription> {
        let (pattern, options) = ("bench.order.*".parse()?, SubscribeOptions::default());
        Ok(self.bus.subscribe(pattern, self.group.clone(), handler, options).await?)
    }

    /// Throws away what is in the queue.
    pub(crate) async fn empty(&self) -> Result<()> {
        let channel = self.connection.create_channel().await?;
        channel.queue_purge(self.queue.as_str().into(), QueuePurgeOptions::default()).await?;
        channel.close(200, "".into()).await?;
        Ok(())
    }

    /// Returns once nobody listens to the queue.
    pub(crate) async fn is_alone(&self) -> Result<()> {
        let channel = self.connection.create_channel().await?;
        let passive = QueueDeclareOptions { passive: true, ..Default::default() };
        while channel
            .queue_declare(self.queue.as_str().into(), passive, FieldTable::default())
            .await?
            .consumer_count()
            > 0
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        channel.close(200, "".into()).await?;
        Ok(())
    }
}
