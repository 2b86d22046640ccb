//! Programs with another client library: Python's pika.

use std::process::Stdio;

use czo_core::EventBus;
use czo_eventbus_amqp::AmqpBus;
use czo_testkit::ForeignClient;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use uuid::Uuid;

use crate::support::{PATIENCE, collect, counted, options, url};

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_in_python_reads_our_events_in_their_envelope() {
    let options = options();
    let bus = AmqpBus::new(options.clone());
    // The exchange is there once somebody has published.
    bus.publish(counted(0)).await.unwrap();
    let client = ForeignClient::install().await.unwrap();
    let exchange = &options.names.events;
    let mut consume = client.consume(&url(), exchange, "test.number.*", 1);
    let mut child = consume.stderr(Stdio::inherit()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = async || {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap();
        line.unwrap().unwrap()
    };
    assert_eq!(next().await, "ready");
    let event = counted(7);
    bus.publish(event.clone()).await.unwrap();
    let message: Value = serde_json::from_str(&next().await).unwrap();
    let id = Uuid::from(event.id).to_string();
    let body = &message["body"];
    assert_eq!(*body, serde_json::to_value(&event).unwrap());
    let fields: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let envelope =
        ["correlationId", "data", "id", "metadata", "source", "timestamp", "type", "version"];
    assert_eq!(fields, envelope);
    assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(body["id"], json!(id));
    let properties = &message["properties"];
    assert_eq!(properties["message_id"], json!(id));
    assert_eq!(properties["correlation_id"], json!(event.correlation_id));
    assert_eq!(properties["content_type"], json!("application/json"));
    assert_eq!(properties["type"], json!("test.number.counted"));
    assert_eq!(properties["delivery_mode"], json!(2));
    assert_eq!(message["headers"]["x-event-version"], json!(1));
    assert_eq!(message["headers"]["x-event-source"], json!("test"));
    assert_eq!(message["routing_key"], json!("test.number.counted"));
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_python_published_reaches_our_handlers() {
    let options = options();
    let bus = AmqpBus::new(options.clone());
    let mut told = collect(&bus, "warehouse.#", "one").await;
    let client = ForeignClient::install().await.unwrap();
    let (exchange, event_type) = (&options.names.events, "warehouse.parcel.sent");
    let mut publish = client.publish(&url(), exchange, event_type);
    let mut child = publish.stderr(Stdio::inherit()).spawn().unwrap();
    let id = Uuid::now_v7();
    let event = json!({
        "id": id, "type": event_type, "version": 1, "timestamp": "2026-11-22T10:00:00Z",
        "source": "warehouse", "correlationId": "parcel-1", "data": { "parcel": "p-1" },
        "metadata": {}, "anythingElse": [1, 2, 3],
    });
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(format!("{event}\n").as_bytes()).await.unwrap();
    drop(stdin);
    let heard = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
    assert_eq!(Uuid::from(heard.id), id);
    assert_eq!(heard.data, json!({ "parcel": "p-1" }));
    assert_eq!(heard.correlation_id.as_str(), "parcel-1");
    assert!(child.wait().await.unwrap().success());
}
