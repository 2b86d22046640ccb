//! The service over a real RabbitMQ.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::env;
use std::time::Duration;

use czo_core::{DomainEvent, EventBus};
use czo_eventbus_amqp::{AmqpBus, AmqpOptions, Names};
use search_consumer::{Index, Product, subscribe};
use serde_json::{Value, json};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);

fn options() -> AmqpOptions {
    let url = env::var("CZO_TEST_AMQP_URL");
    let url = url.unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned());
    let prefix = format!("test-{}.", Uuid::new_v4().simple());
    AmqpOptions::new(url.parse().unwrap())
        .names(Names::prefixed(&prefix).unwrap())
        .idle_life(Duration::from_secs(60))
}

/// An event as another program writes it.
fn event(event_type: &str, data: &Value) -> DomainEvent {
    let event = json!({
        "id": Uuid::now_v7(), "type": event_type, "version": 1, "timestamp": "2026-11-22T09:00:00Z",
        "source": "catalog", "correlationId": "test", "data": data, "metadata": {},
    });
    serde_json::from_value(event).unwrap()
}

/// Waits until these are all that can be found.
async fn holds(index: &Index, wanted: &[(&str, &str)]) {
    let waiting = async {
        loop {
            let found = index.find("").await.unwrap();
            let found: Vec<_> =
                found.iter().map(|Product { handle, title, .. }| (&**handle, &**title)).collect();
            if found == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_follows_the_catalogue_and_catches_up_after_a_pause() {
    let folder = tempfile::tempdir().unwrap();
    let (index, options) =
        (Index::open(&folder.path().join("search.db")).await.unwrap(), options());
    let shop = AmqpBus::new(options.clone());
    let service = AmqpBus::new(options.clone());
    subscribe(&service, index.clone()).await.unwrap().detach();
    let bell = json!({ "productId": "prod_1", "handle": "bell", "title": "Brass Bell" });
    let lamp = json!({ "productId": "prod_2", "handle": "lamp", "title": "Lamp" });
    for (event_type, data) in [("product.item.created", bell), ("product.item.created", lamp)] {
        shop.publish(event(event_type, &data)).await.unwrap();
    }
    holds(&index, &[("bell", "Brass Bell"), ("lamp", "Lamp")]).await;
    assert_eq!(index.find("brass").await.unwrap().len(), 1);
    service.shutdown(PATIENCE).await.unwrap();

    let renamed = json!({ "productId": "prod_1", "handle": "brass-bell", "version": 2, "changed": ["handle"] });
    shop.publish(event("product.item.updated", &renamed)).await.unwrap();
    let gone = json!({ "productId": "prod_2", "handle": "lamp" });
    shop.publish(event("product.item.deleted", &gone)).await.unwrap();
    let again = AmqpBus::new(options);
    subscribe(&again, index.clone()).await.unwrap().detach();
    holds(&index, &[("brass-bell", "Brass Bell")]).await;
}
