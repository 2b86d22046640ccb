//! Messages from others that are no events.

use std::time::Duration;

use czo_core::{DeadContent, DeadLetter, DeadLetterFilter, DeadLetters};
use czo_eventbus_amqp::{AmqpBus, AmqpDeadLetters, AmqpOptions};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};

use crate::support::{Raw, collect, counted, options};

/// Publishes to the queue of the group `one`, and an event behind; returns the letters.
async fn after(bodies: Vec<(Vec<u8>, BasicProperties)>, options: &AmqpOptions) -> Vec<DeadLetter> {
    let count = bodies.len();
    let bus = AmqpBus::new(options.clone());
    let mut told = collect(&bus, "test.#", "one").await;
    let raw = Raw::bound(options, &options.names.events, "nothing.at.all").await;
    for (body, properties) in bodies {
        raw.publish(&options.names.events, "test.number.counted", &body, properties).await;
    }
    let last = counted(1);
    czo_core::EventBus::publish(&bus, last.clone()).await.unwrap();
    let heard = tokio::time::timeout(Duration::from_secs(60), told.recv()).await;
    assert_eq!(heard.unwrap().unwrap().id, last.id, "the consumer goes on");
    let letters = AmqpDeadLetters::new(options.clone(), ["one".parse().unwrap()]);
    let all = DeadLetterFilter::all();
    let enough = async {
        loop {
            let found = letters.list(&all, 100).await.unwrap();
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), enough).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_is_a_dead_letter_with_the_reason_and_the_consumer_goes_on() {
    let bodies = [
        &b"{ \"id\": "[..],
        b"",
        b"\xff\xfe\x00 not text",
        b"[]",
        b"{ \"id\": \"not a uuid\", \"type\": \"test.number.counted\" }",
        b"{ \"id\": \"0193aaaa-0000-7000-8000-000000000000\", \"type\": \"NOT A TYPE\", \"version\": 0 }",
    ];
    let bodies: Vec<_> =
        bodies.iter().map(|body| (body.to_vec(), BasicProperties::default())).collect();
    let letters = after(bodies.clone(), &options()).await;
    assert_eq!(letters.len(), bodies.len());
    for letter in &letters {
        assert!(letter.reason.starts_with("the message is not an event"), "{}", letter.reason);
        assert_eq!(letter.attempts, 0);
        let DeadContent::Unreadable(message) = &letter.content else { panic!("{letter:?}") };
        assert!(bodies.iter().any(|(body, _)| body.len() == message.bytes));
    }
}

/// Its headers may be of any kind, and many.
#[tokio::test(flavor = "multi_thread")]
async fn properties_of_a_foreign_publisher_do_no_harm() {
    let mut headers = FieldTable::default();
    headers.insert("x-attempts".into(), AMQPValue::LongString("many".into()));
    headers.insert("x-first-failure-at".into(), AMQPValue::Boolean(true));
    headers.insert("x-first-failure-reason".into(), AMQPValue::Void);
    headers.insert("x-dead-at".into(), AMQPValue::LongString("yesterday".into()));
    for number in 0..200 {
        headers.insert(format!("x-{number}").into(), AMQPValue::LongString("x".repeat(100).into()));
    }
    let properties = BasicProperties::default()
        .with_headers(headers)
        .with_message_id("no uuid".into())
        .with_timestamp(u64::MAX)
        .with_type("no type".into());
    let letters = after(vec![(b"?".to_vec(), properties)], &options()).await;
    assert_eq!(letters[0].event_id(), None);
    assert_eq!(letters[0].event_type(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_fifty_megabytes_is_a_dead_letter_with_its_size() {
    let body = vec![b'x'; 50_000_000];
    let letters = after(vec![(body, BasicProperties::default())], &options()).await;
    assert!(letters[0].reason.contains("50000000 bytes"), "{}", letters[0].reason);
}

/// As one of ours does.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_a_foreign_publisher_without_any_property_is_handled() {
    let options = options();
    let bus = AmqpBus::new(options.clone());
    let mut told = collect(&bus, "test.#", "one").await;
    let raw = Raw::bound(&options, &options.names.events, "nothing.at.all").await;
    let event = counted(3);
    let body = serde_json::to_vec(&event).unwrap();
    let plain = BasicProperties::default();
    raw.publish(&options.names.events, "test.number.counted", &body, plain).await;
    assert_eq!(*told.recv().await.unwrap(), event);
}
