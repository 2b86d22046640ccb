//! A RabbitMQ, names of a test's own on it, and a bare client.

use std::collections::BTreeSet;
use std::env;
use std::sync::Arc;
use std::time::Duration;

use czo_core::{
    DomainEvent, Event, EventBus, EventFactory, Group, RequestContext, SubscribeOptions,
    SystemClock, SystemIds, handler_fn,
};
use czo_eventbus_amqp::{AmqpBus, AmqpOptions, Names};
use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions,
    ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ExchangeKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use uuid::Uuid;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Something was counted.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event("test.number.counted", version = 1)]
struct Counted {
    number: usize,
}

/// Where the RabbitMQ of the tests is.
pub(crate) fn url() -> String {
    env::var("CZO_TEST_AMQP_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".into())
}

/// Options with names that nobody else has.
pub(crate) fn options() -> AmqpOptions {
    at(&url())
}

/// The same for another RabbitMQ.
pub(crate) fn at(url: &str) -> AmqpOptions {
    let (id, _) = Uuid::new_v4().as_u64_pair();
    let prefix = format!("test-{id:016x}.");
    AmqpOptions::new(url.parse().unwrap())
        .names(Names::prefixed(&prefix).unwrap())
        .idle_life(Duration::from_secs(60))
}

pub(crate) fn counted(number: usize) -> DomainEvent {
    EventFactory::new("test", Arc::new(SystemClock), Arc::new(SystemIds))
        .event(&RequestContext::system(&SystemIds), &Counted { number })
        .unwrap()
}

pub(crate) fn number_of(event: &DomainEvent) -> usize {
    usize::try_from(event.data["number"].as_u64().unwrap()).unwrap()
}

/// A subscription that handles everything and tells of it.
pub(crate) async fn collect(
    bus: &AmqpBus,
    pattern: &str,
    group: &str,
) -> mpsc::UnboundedReceiver<Arc<DomainEvent>> {
    let (teller, told) = mpsc::unbounded_channel();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let _ = teller.send(event);
        async { Ok(()) }
    });
    let (pattern, group) = (pattern.parse().unwrap(), group.parse().unwrap());
    let options = SubscribeOptions::default();
    bus.subscribe(pattern, group, Arc::new(handler), options).await.unwrap().detach();
    told
}

/// Takes the exchanges of a test and the queues of its groups away, as far as the broker answers.
pub(crate) async fn delete_all(names: &Names, groups: BTreeSet<Group>, retries: &[Duration]) {
    let deleting = async {
        let connection = Connection::connect(&url(), ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        for group in &groups {
            let mut queues = vec![names.queue(group), names.dead_queue(group)];
            queues.extend(retries.iter().map(|delay| names.retry_queue(group, *delay)));
            for queue in queues {
                channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await?;
            }
        }
        for exchange in [&names.events, &names.system, &names.dead_letters] {
            let name = exchange.as_str().into();
            channel.exchange_delete(name, ExchangeDeleteOptions::default()).await?;
        }
        channel.close(200, "".into()).await?;
        connection.close(200, "".into()).await
    };
    let _ = tokio::time::timeout(PATIENCE, deleting).await;
}

/// A client without czo, with a queue of its own.
pub(crate) struct Raw {
    channel: Channel,
    consumer: Consumer,
    _connection: Connection,
}

impl Raw {
    /// With a queue that is bound like this.
    pub(crate) async fn bound(options: &AmqpOptions, exchange: &str, key: &str) -> Self {
        let connection =
            Connection::connect(&url(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let kind = match exchange == options.names.system {
            true => ExchangeKind::Fanout,
            false => ExchangeKind::Topic,
        };
        channel
            .exchange_declare(exchange.into(), kind, durable, FieldTable::default())
            .await
            .unwrap();
        let queue = format!("{}raw-{}", options.names.queue_prefix, Uuid::new_v4().simple());
        let own = QueueDeclareOptions { exclusive: true, ..Default::default() };
        channel.queue_declare(queue.as_str().into(), own, FieldTable::default()).await.unwrap();
        let (name, key) = (queue.as_str().into(), key.into());
        let (binding, none) = (QueueBindOptions::default(), FieldTable::default());
        channel.queue_bind(name, exchange.into(), key, binding, none).await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let unacked = BasicConsumeOptions { no_ack: true, ..Default::default() };
        let tag = "raw".into();
        let consumer =
            channel.basic_consume(queue.into(), tag, unacked, FieldTable::default()).await.unwrap();
        Self { channel, consumer, _connection: connection }
    }

    pub(crate) async fn next(&mut self) -> Delivery {
        tokio::time::timeout(PATIENCE, self.consumer.next()).await.unwrap().unwrap().unwrap()
    }

    pub(crate) async fn publish(
        &self,
        exchange: &str,
        key: &str,
        body: &[u8],
        properties: BasicProperties,
    ) {
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let confirm = self
            .channel
            .basic_publish(exchange.into(), key.into(), options, body, properties)
            .await
            .unwrap();
        assert_eq!(confirm.await.unwrap().take_message(), None);
    }
}
