//! A server whose events go over RabbitMQ.

use std::time::Duration;

use czo_core::EventBus;
use serde_json::{Value, json};

use crate::support::{Broker, Server, Site, eventually, on_each_database};

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
