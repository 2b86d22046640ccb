//! The wire format of events, byte for byte (requirement EVT 5), and what fills it (EVT 6).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use czo_core::{
    Actor, ActorId, ActorType, DomainEvent, Event, EventFactory, ManualClock, RequestContext,
    SequentialIds, ShopId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A product was created.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event("product.item.created", version = 2)]
#[serde(rename_all = "camelCase")]
struct ProductCreated {
    product_id: String,
}

fn factory(ids: &Arc<SequentialIds>) -> EventFactory {
    let clock = ManualClock::at("2026-11-21T12:00:00.123456789Z".parse().unwrap());
    EventFactory::new("catalog", Arc::new(clock), ids.clone())
}

fn payload() -> ProductCreated {
    ProductCreated { product_id: "prod_1".to_owned() }
}

#[test]
fn an_event_of_a_user_in_a_shop_is_written_exactly_so() {
    let ids = Arc::new(SequentialIds::default());
    let ctx = RequestContext {
        correlation_id: "req-1".parse().unwrap(),
        shop_id: Some(ShopId::generate(&*ids)),
        actor: Actor::Known {
            id: ActorId::generate(&*ids),
            kind: ActorType::User,
            roles: vec!["editor".to_owned()],
        },
    };
    let event = factory(&ids).event(&ctx, &payload()).unwrap();
    assert_eq!(
        serde_json::to_string(&event).unwrap(),
        concat!(
            r#"{"id":"00000000-0000-7000-8000-000000000003","#,
            r#""type":"product.item.created","version":2,"#,
            r#""timestamp":"2026-11-21T12:00:00.123456Z","source":"catalog","#,
            r#""correlationId":"req-1","data":{"productId":"prod_1"},"#,
            r#""metadata":{"shopId":"shop_0000000000e008000000000001","#,
            r#""actorId":"act_0000000000e008000000000002","actorType":"user"}}"#,
        )
    );
}

#[test]
fn what_is_absent_is_omitted_and_never_null() {
    let ids = Arc::new(SequentialIds::default());
    let ctx = RequestContext { actor: Actor::Anonymous, ..RequestContext::system(&*ids) };
    let event = factory(&ids).event(&ctx, &payload()).unwrap();
    assert_eq!(serde_json::to_value(&event).unwrap()["metadata"], json!({}));
}

#[test]
fn an_event_reads_back_as_itself() {
    let ids = Arc::new(SequentialIds::default());
    let event = factory(&ids).event(&RequestContext::system(&*ids), &payload()).unwrap();
    let bytes = serde_json::to_vec(&event).unwrap();
    let read: DomainEvent = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(read, event);
    assert_eq!(read.decode::<ProductCreated>().unwrap(), payload());
}

fn wire() -> serde_json::Value {
    json!({
        "id": "0193f0a4-8a2b-7c3d-9e4f-5a6b7c8d9e0f",
        "type": "product.item.created",
        "version": 2,
        "timestamp": "2026-11-21T12:00:00Z",
        "source": "catalog",
        "correlationId": "req-1",
        "data": { "productId": "prod_1" },
        "metadata": {}
    })
}

#[test]
fn fields_that_a_reader_does_not_know_are_tolerated() {
    let mut wire = wire();
    wire["traceId"] = json!("abc");
    wire["metadata"]["region"] = json!("eu");
    wire["data"]["colour"] = json!("blue");
    let event: DomainEvent = serde_json::from_value(wire).unwrap();
    assert_eq!(event.decode::<ProductCreated>().unwrap(), payload());
}

#[test]
fn each_field_that_breaks_the_format_is_refused() {
    for (field, value) in [
        ("id", json!("evt_1")),
        ("id", json!(null)),
        ("type", json!("product:created")),
        ("version", json!(0)),
        ("version", json!("1")),
        ("timestamp", json!("2026-11-21T14:00:00+02:00")),
        ("timestamp", json!("yesterday")),
        ("correlationId", json!("")),
        ("source", json!(7)),
        ("metadata", json!({ "shopId": "prod_01h455vb4pex5vsknk084sn02q" })),
        ("metadata", json!({ "actorType": "robot" })),
    ] {
        let mut wire = wire();
        wire[field] = value.clone();
        assert!(serde_json::from_value::<DomainEvent>(wire).is_err(), "{field}: {value}");
    }
    for field in ["id", "type", "version", "timestamp", "source", "correlationId", "data"] {
        let mut wire = wire();
        wire.as_object_mut().unwrap().remove(field);
        assert!(serde_json::from_value::<DomainEvent>(wire).is_err(), "{field} missing");
    }
}

#[test]
fn payload_of_another_version_is_not_decoded() {
    let mut wire = wire();
    wire["version"] = json!(1);
    let event: DomainEvent = serde_json::from_value(wire).unwrap();
    assert_eq!(
        event.decode::<ProductCreated>().unwrap_err().to_string(),
        "expected `product.item.created` version 2, got `product.item.created` version 1"
    );
}
