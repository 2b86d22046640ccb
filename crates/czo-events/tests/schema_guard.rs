//! Events that break their schema reach no handler (requirement EVT 7).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    Audience, BusError, DomainEvent, Event, EventBus, EventCatalogue, EventHandler, Group,
    HandlerError, Health, Settlement, SubscribeOptions, Subscription, TopicPattern, handler_fn,
};
use czo_events::SchemaGuard;
use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Stars were given.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("review.item.created", version = 1)]
struct ReviewCreatedV1 {
    stars: u8,
}

/// Stars were given, by parts.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("review.item.created", version = 2, from = ReviewCreatedV1)]
#[serde(rename_all = "camelCase")]
struct ReviewCreated {
    total: Stars,
    by_part: Vec<Part>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Stars(#[schemars(range(min = 1, max = 5))] u8);

#[derive(Serialize, Deserialize, JsonSchema)]
struct Part {
    #[schemars(regex(pattern = "^[a-z]+$"))]
    name: String,
    stars: Stars,
    parts: Vec<Part>,
}

impl From<ReviewCreatedV1> for ReviewCreated {
    fn from(old: ReviewCreatedV1) -> Self {
        Self { total: Stars(old.stars), by_part: Vec::new() }
    }
}

/// A bus that keeps the handler of the last subscription, for a test to call.
#[derive(Default)]
struct HandlerKeeper {
    handler: Mutex<Option<Arc<dyn EventHandler>>>,
}

impl std::fmt::Debug for HandlerKeeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandlerKeeper").finish_non_exhaustive()
    }
}

#[async_trait]
impl EventBus for HandlerKeeper {
    async fn publish(&self, _: DomainEvent) -> Result<(), BusError> {
        Ok(())
    }

    async fn publish_batch(&self, _: Vec<DomainEvent>) -> Result<(), BusError> {
        Ok(())
    }

    async fn relay(&self, _: DomainEvent, _: &Audience) -> Result<Settlement, BusError> {
        Ok(Settlement::settled())
    }

    async fn subscribe(
        &self,
        _: TopicPattern,
        _: Group,
        handler: Arc<dyn EventHandler>,
        _: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        *self.handler.lock().unwrap() = Some(handler);
        Ok(Subscription::new(|| {}))
    }

    async fn shutdown(&self, _: Duration) -> Result<(), BusError> {
        Ok(())
    }

    async fn health(&self) -> Health {
        Health::up()
    }
}

/// A handler behind a guard, and the ids of what it got.
struct Behind {
    handler: Arc<dyn EventHandler>,
    handled: Arc<Mutex<usize>>,
}

impl Behind {
    async fn guard() -> Self {
        let mut catalogue = EventCatalogue::default();
        catalogue.add::<ReviewCreated>("reviews").unwrap();
        let keeper = Arc::new(HandlerKeeper::default());
        let guard = SchemaGuard::new(keeper.clone(), &catalogue).unwrap();
        let handled = Arc::new(Mutex::new(0));
        let count = handled.clone();
        let handler = handler_fn(move |_: Arc<DomainEvent>| {
            *count.lock().unwrap() += 1;
            async { Ok(()) }
        });
        let group = "test.reviews".parse().unwrap();
        let options = SubscribeOptions::default();
        guard
            .subscribe(TopicPattern::all(), group, Arc::new(handler), options)
            .await
            .unwrap()
            .detach();
        let handler = keeper.handler.lock().unwrap().take().unwrap();
        Self { handler, handled }
    }

    /// Whether the handler got it, and what the guard said.
    async fn handle(
        &self,
        event_type: &str,
        version: u32,
        data: Value,
    ) -> (bool, Option<HandlerError>) {
        let event = serde_json::from_value(json!({
            "id": "0193f0a4-8a2b-7c3d-9e4f-5a6b7c8d9e0f",
            "type": event_type,
            "version": version,
            "timestamp": "2026-11-21T12:00:00Z",
            "source": "reviews",
            "correlationId": "req-1",
            "data": data,
            "metadata": {}
        }));
        let before = *self.handled.lock().unwrap();
        let said = self.handler.handle(Arc::new(event.unwrap())).await.err();
        (*self.handled.lock().unwrap() > before, said)
    }
}

fn review() -> Value {
    let inner = json!({ "name": "handle", "stars": 4, "parts": [] });
    json!({ "total": 5, "byPart": [{ "name": "lid", "stars": 5, "parts": [inner] }] })
}

#[tokio::test]
async fn a_valid_event_of_each_version_reaches_the_handler() {
    let behind = Behind::guard().await;
    for (version, data) in [(1, json!({ "stars": 5 })), (2, review())] {
        let (reached, said) = behind.handle("review.item.created", version, data).await;
        assert!(reached && said.is_none(), "{said:?}");
    }
}

#[tokio::test]
async fn fields_that_the_schema_does_not_know_are_tolerated() {
    let behind = Behind::guard().await;
    let mut data = review();
    data["mood"] = json!("fine");
    let (reached, said) = behind.handle("review.item.created", 2, data).await;
    assert!(reached && said.is_none(), "{said:?}");
}

#[tokio::test]
async fn types_and_versions_that_the_catalogue_does_not_know_pass() {
    let behind = Behind::guard().await;
    for (event_type, version) in [("review.item.created", 3), ("review.item.deleted", 1)] {
        let (reached, said) = behind.handle(event_type, version, json!([null])).await;
        assert!(reached && said.is_none(), "{said:?}");
    }
}

#[tokio::test]
async fn an_invalid_event_is_a_permanent_failure_that_names_the_place_and_not_the_value() {
    let behind = Behind::guard().await;
    for (pointer, wrong, place) in [
        ("/total", json!("secret"), "/total"),
        ("/total", json!(9), "/total"),
        ("/byPart/0/parts/0/name", json!("SECRET"), "/byPart/0/parts/0/name"),
        ("/byPart/0/stars", json!(null), "/byPart/0/stars"),
        ("/byPart", json!({}), "/byPart"),
        ("", json!("secret"), "its root"),
        ("", json!({ "stars": 5 }), "its root"),
    ] {
        let mut data = review();
        *data.pointer_mut(pointer).unwrap() = wrong;
        let (reached, said) = behind.handle("review.item.created", 2, data).await;
        let said = said.unwrap();
        let reason = said.to_string();
        assert!(!reached && !said.is_retryable(), "{reason}");
        assert!(reason.contains("`review.item.created` version 2"), "{reason}");
        assert!(reason.contains(&format!(" at {place}: ")), "{reason}");
        assert!(!reason.to_lowercase().contains("secret"), "{reason}");
    }
}

#[tokio::test]
async fn a_reason_stays_short_whatever_the_event_holds() {
    let behind = Behind::guard().await;
    let mut data = review();
    let long = "ä".repeat(100_000);
    data["byPart"][0]["parts"][0]["name"] = json!(long);
    let (reached, said) = behind.handle("review.item.created", 2, data).await;
    assert!(!reached);
    assert!(said.unwrap().to_string().len() <= 500);
}

/// JSON of any shape, with the names of the schema in it so that it gets far.
fn hostile() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        Just(json!(5)),
        Just(json!("lid")),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        let name = prop_oneof![
            Just("total".to_owned()),
            Just("byPart".to_owned()),
            Just("parts".to_owned()),
            Just("name".to_owned()),
            Just("stars".to_owned()),
            Just("$ref".to_owned()),
            ".{0,10}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn hostile_json_never_panics_and_whoever_gets_through_can_be_decoded(data in hostile()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let behind = Behind::guard().await;
            let decodes = ReviewCreated::deserialize(&data).is_ok();
            let (reached, said) = behind.handle("review.item.created", 2, data).await;
            assert_eq!(reached, said.is_none());
            // The schema may demand more than serde does, and never less.
            assert!(decodes || !reached);
        });
    }
}
