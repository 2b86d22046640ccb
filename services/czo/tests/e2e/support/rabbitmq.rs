//! RabbitMQ, with exchanges and queues of a test's own.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{DomainEvent, EventBus, SubscribeOptions, handler_fn};
use czo_eventbus_amqp::{AmqpBus, AmqpOptions, Names};
use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::{Connection, ConnectionProperties};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::Site;

fn amqp_url() -> String {
    let url = std::env::var("CZO_TEST_AMQP_URL");
    url.unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned())
}

/// Exchanges and queues of a test's own.
pub(crate) struct Broker {
    pub(crate) names: Names,
}

impl Broker {
    pub(crate) fn new() -> Self {
        let (id, _) = uuid::Uuid::new_v4().as_u64_pair();
        Self { names: Names::prefixed(&format!("e2e-{id:016x}.")).expect("a prefix") }
    }

    /// The site with RabbitMQ.
    pub(crate) fn used_by(&self, site: Site) -> Site {
        let rabbitmq = "CZO_EVENT_BUS__RABBITMQ__";
        site.with(&format!("{rabbitmq}URL"), &amqp_url())
            .with(&format!("{rabbitmq}EVENTS_EXCHANGE"), &self.names.events)
            .with(&format!("{rabbitmq}SYSTEM_EXCHANGE"), &self.names.system)
            .with(&format!("{rabbitmq}DEAD_LETTER_EXCHANGE"), &self.names.dead_letters)
            .with(&format!("{rabbitmq}QUEUE_PREFIX"), &self.names.queue_prefix)
            .with(&format!("{rabbitmq}QUEUE_KIND"), "classic")
    }

    /// What another service hears of products.
    pub(crate) async fn listen(&self) -> (AmqpBus, UnboundedReceiver<Arc<DomainEvent>>) {
        let url = amqp_url().parse().expect("CZO_TEST_AMQP_URL is an amqp:// URL");
        let options = AmqpOptions::new(url).names(self.names.clone());
        let bus = AmqpBus::new(options.idle_life(Duration::from_secs(60)));
        let (teller, told) = mpsc::unbounded_channel();
        let handler = handler_fn(move |event| {
            let _ = teller.send(event);
            async { Ok(()) }
        });
        let pattern = "product.item.*".parse().expect("a pattern");
        let group = "search.indexing".parse().expect("a group");
        let subscribed =
            bus.subscribe(pattern, group, Arc::new(handler), SubscribeOptions::default()).await;
        subscribed.expect("RabbitMQ answers").detach();
        (bus, told)
    }

    /// Leaves nothing behind.
    pub(crate) async fn clean(&self) {
        let connection = Connection::connect(&amqp_url(), ConnectionProperties::default()).await;
        let connection = connection.expect("RabbitMQ answers");
        for group in ["runtime.journal", "catalog.cache"] {
            let group = group.parse().expect("a group");
            for queue in [self.names.queue(&group), self.names.dead_queue(&group)] {
                let channel = connection.create_channel().await.expect("a channel");
                let _ = channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await;
            }
        }
        let channel = connection.create_channel().await.expect("a channel");
        for exchange in [&self.names.events, &self.names.system, &self.names.dead_letters] {
            let options = ExchangeDeleteOptions::default();
            let _ = channel.exchange_delete(exchange.as_str().into(), options).await;
        }
    }
}
