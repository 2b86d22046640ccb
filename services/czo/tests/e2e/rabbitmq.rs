//! A server whose events go over RabbitMQ.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{DomainEvent, EventBus, SubscribeOptions, handler_fn};
use czo_eventbus_amqp::{AmqpBus, AmqpOptions, Names};
use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::{Connection, ConnectionProperties};
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::support::{Server, Site, eventually, on_each_database};

fn amqp_url() -> String {
    let url = std::env::var("CZO_TEST_AMQP_URL");
    url.unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned())
}

/// Exchanges and queues of a test's own.
struct Broker {
    names: Names,
}

impl Broker {
    fn new() -> Self {
        let (id, _) = uuid::Uuid::new_v4().as_u64_pair();
        Self { names: Names::prefixed(&format!("e2e-{id:016x}.")).expect("a prefix") }
    }

    /// The site with RabbitMQ.
    fn used_by(&self, site: Site) -> Site {
        let rabbitmq = "CZO_EVENT_BUS__RABBITMQ__";
        site.with(&format!("{rabbitmq}URL"), &amqp_url())
            .with(&format!("{rabbitmq}EVENTS_EXCHANGE"), &self.names.events)
            .with(&format!("{rabbitmq}SYSTEM_EXCHANGE"), &self.names.system)
            .with(&format!("{rabbitmq}DEAD_LETTER_EXCHANGE"), &self.names.dead_letters)
            .with(&format!("{rabbitmq}QUEUE_PREFIX"), &self.names.queue_prefix)
            .with(&format!("{rabbitmq}QUEUE_KIND"), "classic")
    }

    /// What another service hears of products.
    async fn listen(&self) -> (AmqpBus, UnboundedReceiver<Arc<DomainEvent>>) {
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
    async fn clean(&self) {
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

async fn health(server: &Server) -> Value {
    let report = server.visitor().get("/api/_health/rabbitmq").await;
    let report: Value = report.json().await.expect("a report");
    report["components"][0].clone()
}

on_each_database! {
    async fn another_service_hears_of_products_and_health_shows_the_queues(site: Site) {
        let broker = Broker::new();
        let (bus, mut told) = broker.listen().await;
        let site = broker.used_by(site).with("CZO_EVENT_BUS__PROVIDER", "rabbitmq");
        let server = site.start().await;
        let event = tokio::time::timeout(Duration::from_secs(60), told.recv()).await;
        let event = event.expect("in time").expect("an event of the demo shop");
        assert_eq!(event.source, "catalog");
        let health = eventually("RabbitMQ is up", async || {
            let health = health(&server).await;
            (health["status"] == "up").then_some(health)
        })
        .await;
        let queue = broker.names.queue(&"runtime.journal".parse().expect("a group"));
        assert!(health["measures"][&queue].is_u64(), "{health}");
        assert!(health["measures"][format!("{queue}:dead")] == json!(0), "{health}");
        server.stop().await;
        // Without a server the command asks the broker.
        let none = site.czo(&["dlq", "list"]).await.succeeded();
        assert!(none.stdout.contains("no dead letters"), "{}", none.stdout);
        bus.shutdown(Duration::from_secs(10)).await.expect("it ends");
        broker.clean().await;
    }

    async fn a_dual_write_is_ready_for_the_cut_over_once_both_have_everything(site: Site) {
        let broker = Broker::new();
        let (bus, mut told) = broker.listen().await;
        let site = broker.used_by(site).with("CZO_EVENT_BUS__DUAL_WRITE", "true");
        let _server = site.start().await;
        let event = tokio::time::timeout(Duration::from_secs(60), told.recv()).await;
        event.expect("in time").expect("an event of the demo shop");
        eventually("the verdict is good", async || {
            let parity = site.czo(&["events", "parity", "--least", "10"]).await;
            parity.stdout.contains("ready for the cut-over").then_some(())
        })
        .await;
        bus.shutdown(Duration::from_secs(10)).await.expect("it ends");
        broker.clean().await;
    }
}

#[tokio::test]
async fn a_server_without_a_url_starts_only_where_it_may_fall_back_and_says_so() {
    let site = Site::sqlite().with("CZO_EVENT_BUS__PROVIDER", "rabbitmq");
    let refused = site.spawn(&[]).finish().await;
    assert!(refused.refusal().contains("`event_bus.rabbitmq.url`"), "{}", refused.stderr);
    let server = site.with("CZO_EVENT_BUS__FALLBACK", "true").start().await;
    let log = server.stop().await;
    assert!(log.stderr.contains("events stay in the memory of this process"), "{}", log.stderr);
}

#[tokio::test]
async fn a_server_starts_and_serves_while_rabbitmq_is_away() {
    let site = Site::sqlite()
        .with("CZO_EVENT_BUS__PROVIDER", "rabbitmq")
        .with("CZO_EVENT_BUS__RABBITMQ__URL", "amqp://shop:s3cr3t-of-mq@127.0.0.1:1");
    let server = site.start().await;
    assert_eq!(server.owner().count().await, 12, "the demo shop");
    let health = health(&server).await;
    assert_eq!(health["status"], "down", "{health}");
    assert!(!health.to_string().contains("s3cr3t"), "{health}");
    let ended = server.stop().await;
    assert!(!ended.stderr.contains("s3cr3t") && !ended.stdout.contains("s3cr3t"));
}
