//! What other programs see on the broker.

use std::sync::Arc;

use czo_core::{
    DomainEvent, EventBus, EventFactory, RequestContext, ShutdownStarted, SystemClock, SystemIds,
};
use czo_eventbus_amqp::{AmqpBus, AmqpOptions};
use lapin::types::AMQPValue;

use crate::support::{Raw, counted, options};

fn header<'d>(delivery: &'d lapin::message::Delivery, name: &str) -> &'d AMQPValue {
    let headers = delivery.properties.headers().as_ref().unwrap();
    headers.inner().get(name).unwrap_or_else(|| panic!("no header {name}"))
}

fn text(value: &AMQPValue) -> String {
    value.as_long_string().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_a_persistent_message_with_everything_in_its_properties() {
    let options = options();
    let mut raw = Raw::bound(&options, &options.names.events, "test.number.*").await;
    let bus = AmqpBus::new(options.clone());
    let event = counted(7);
    bus.publish(event.clone()).await.unwrap();
    let delivery = raw.next().await;
    assert_eq!(serde_json::from_slice::<DomainEvent>(&delivery.data).unwrap(), event);
    let properties = &delivery.properties;
    assert_eq!(delivery.routing_key.as_str(), "test.number.counted");
    assert_eq!(*properties.delivery_mode(), Some(2));
    let said =
        |property: &Option<lapin::types::ShortString>| property.as_ref().unwrap().to_string();
    assert_eq!(said(properties.content_type()), "application/json");
    assert_eq!(said(properties.message_id()), uuid::Uuid::from(event.id).to_string());
    assert_eq!(said(properties.correlation_id()), event.correlation_id.as_str());
    assert_eq!(said(properties.kind()), "test.number.counted");
    assert_eq!(properties.timestamp().unwrap(), event.timestamp.timestamp().unsigned_abs());
    assert_eq!(header(&delivery, "x-event-version"), &AMQPValue::LongLongInt(1));
    assert_eq!(text(header(&delivery, "x-event-source")), "test");
    let trace = text(header(&delivery, "traceparent"));
    let correlation = event.correlation_id.as_str().replace('-', "");
    assert!(trace.starts_with(&format!("00-{correlation}-")) && trace.ends_with("-01"), "{trace}");
    assert_eq!(trace.len(), 55);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_the_system_are_on_the_fanout_and_nowhere_else() {
    let options = options();
    let mut system = Raw::bound(&options, &options.names.system, "").await;
    let mut events = Raw::bound(&options, &options.names.events, "#").await;
    let bus = AmqpBus::new(options.clone());
    let ending = ShutdownStarted { domains: Vec::new(), drain_seconds: 1 };
    let factory = EventFactory::new("system", Arc::new(SystemClock), Arc::new(SystemIds));
    let event = factory.event(&RequestContext::system(&SystemIds), &ending).unwrap();
    bus.publish(event.clone()).await.unwrap();
    bus.publish(counted(1)).await.unwrap();
    assert_eq!(system.next().await.routing_key.as_str(), event.event_type.as_str());
    assert_eq!(events.next().await.routing_key.as_str(), "test.number.counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_wants_everything_has_events_of_the_system_too() {
    let bus = AmqpBus::new(options());
    let mut told = crate::support::collect(&bus, "#", "all").await;
    let mut none = crate::support::collect(&bus, "test.#", "some").await;
    let ending = ShutdownStarted { domains: Vec::new(), drain_seconds: 1 };
    let factory = EventFactory::new("system", Arc::new(SystemClock), Arc::new(SystemIds));
    let event = factory.event(&RequestContext::system(&SystemIds), &ending).unwrap();
    bus.publish(event.clone()).await.unwrap();
    let last = counted(1);
    bus.publish(last.clone()).await.unwrap();
    assert_eq!(told.recv().await.unwrap().id, event.id);
    assert_eq!(told.recv().await.unwrap().id, last.id);
    assert_eq!(none.recv().await.unwrap().id, last.id);
}

fn strict(options: AmqpOptions) -> AmqpBus {
    AmqpBus::new(options.refuse_unroutable(true))
}

/// Also when many are under way, of which some are bound and some are not.
#[tokio::test(flavor = "multi_thread")]
async fn exactly_the_events_that_nobody_is_bound_for_are_refused() {
    let options = options();
    let _raw = Raw::bound(&options, &options.names.events, "test.bound.*").await;
    let bus = strict(options);
    let publishing = (0..500).map(|number| {
        let bus = bus.clone();
        let bound = number % 3 != 0;
        let event_type = if bound { "test.bound.counted" } else { "test.unbound.counted" };
        let event = DomainEvent { event_type: event_type.parse().unwrap(), ..counted(number) };
        tokio::spawn(async move { (bound, bus.publish(event).await) })
    });
    let publishing: Vec<_> = publishing.collect();
    for published in publishing {
        let (bound, outcome) = published.await.unwrap();
        assert_eq!(bound, outcome.is_ok(), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_too_large_is_refused_for_good() {
    use czo_core::Classified;
    let bus = AmqpBus::new(options());
    let large = serde_json::json!({ "number": 1, "text": "x".repeat(9 * 1024 * 1024) });
    let refused = bus.publish(DomainEvent { data: large, ..counted(1) }).await.unwrap_err();
    assert!(!refused.is_retryable());
    assert!(refused.to_string().contains("8388608"), "{refused}");
}
