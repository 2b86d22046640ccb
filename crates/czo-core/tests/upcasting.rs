//! Events of older versions are read as the newest one (requirement EVT 8).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use czo_core::{DomainEvent, Event, EventCatalogue, EventError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A price was set, in whole units.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event("product.price.set", version = 1)]
struct PriceSetV1 {
    price: u32,
}

/// A price was set, in cents.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event("product.price.set", version = 2, from = PriceSetV1)]
struct PriceSetV2 {
    cents: u32,
}

impl From<PriceSetV1> for PriceSetV2 {
    fn from(old: PriceSetV1) -> Self {
        Self { cents: old.price * 100 }
    }
}

/// A price was set, with its currency. There was no version 3 or 4.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event("product.price.set", version = 5, from = PriceSetV2)]
struct PriceSet {
    minor: u32,
    currency: String,
}

impl From<PriceSetV2> for PriceSet {
    fn from(old: PriceSetV2) -> Self {
        Self { minor: old.cents, currency: "EUR".to_owned() }
    }
}

fn event(version: u32, data: &Value) -> DomainEvent {
    serde_json::from_value(json!({
        "id": "0193f0a4-8a2b-7c3d-9e4f-5a6b7c8d9e0f",
        "type": "product.price.set",
        "version": version,
        "timestamp": "2026-11-21T12:00:00Z",
        "source": "catalog",
        "correlationId": "req-1",
        "data": data,
        "metadata": {}
    }))
    .unwrap()
}

#[test]
fn every_older_version_of_the_chain_is_read_as_the_newest() {
    let expected = PriceSet { minor: 1200, currency: "EUR".to_owned() };
    for (version, data) in [
        (1, json!({ "price": 12 })),
        (2, json!({ "cents": 1200 })),
        (5, json!({ "minor": 1200, "currency": "EUR" })),
    ] {
        assert_eq!(event(version, &data).decode::<PriceSet>().unwrap(), expected, "{version}");
    }
}

#[test]
fn a_version_that_is_newer_or_was_never_there_is_a_mismatch() {
    for version in [3, 4, 6, u32::MAX] {
        let read = event(version, &json!({ "price": 1, "cents": 1 })).decode::<PriceSet>();
        assert!(matches!(read, Err(EventError::Mismatch { .. })), "{version}: {read:?}");
    }
    let newer = event(2, &json!({ "cents": 1 })).decode::<PriceSetV1>();
    assert!(matches!(newer, Err(EventError::Mismatch { .. })), "{newer:?}");
}

#[test]
fn data_of_another_shape_than_its_old_version_is_a_decoding_error_of_that_version() {
    let error = event(1, &json!({ "cents": 5 })).decode::<PriceSet>().unwrap_err();
    assert!(matches!(error, EventError::Decode { .. }));
    assert!(error.to_string().ends_with("is not a `product.price.set` version 1"), "{error}");
}

#[test]
fn the_catalogue_has_the_older_versions_each_with_its_schema() {
    let mut catalogue = EventCatalogue::default();
    catalogue.add::<PriceSet>("catalog").unwrap();
    let versions: Vec<_> = catalogue.iter().map(|event| event.version.get()).collect();
    assert_eq!(versions, [1, 2, 5]);
    let first = catalogue.get(&PriceSet::TYPE, PriceSetV1::VERSION).unwrap();
    assert!(first.schema.get("properties").unwrap().get("price").is_some());
    assert_eq!(first.summary.as_deref(), Some("A price was set, in whole units."));
    assert_eq!(catalogue.latest(&PriceSet::TYPE).unwrap().version.get(), 5);
}

#[test]
fn an_old_version_may_be_added_by_itself_too_but_by_no_other_producer() {
    let mut catalogue = EventCatalogue::default();
    catalogue.add::<PriceSet>("catalog").unwrap();
    catalogue.add::<PriceSetV1>("catalog").unwrap();
    assert_eq!(catalogue.iter().count(), 3);
    let error = catalogue.add::<PriceSetV1>("prices").unwrap_err().to_string();
    assert!(error.contains("`product.price.set` version 1"), "{error}");
    assert!(error.contains("`catalog`") && error.contains("`prices`"), "{error}");
}

/// The same event in the words of a consumer that reads less of it.
mod copy {
    use czo_core::Event;
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    /// Somebody set a price.
    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event("product.price.set", version = 5)]
    pub(super) struct PriceSet {}

    /// Somebody set a price, says another.
    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event("product.price.set", version = 5)]
    pub(super) struct SetAgain {}
}

#[test]
fn where_the_producer_is_there_a_consumers_copy_changes_nothing_whoever_comes_first() {
    let mut alone = EventCatalogue::default();
    alone.add::<PriceSet>("catalog").unwrap();
    let owners = |catalogue: &EventCatalogue| catalogue.iter().cloned().collect::<Vec<_>>();

    let mut behind = EventCatalogue::default();
    behind.add::<PriceSet>("catalog").unwrap();
    behind.add_external::<copy::PriceSet>("catalog").unwrap();
    assert_eq!(owners(&behind), owners(&alone));

    let mut before = EventCatalogue::default();
    before.add_external::<copy::PriceSet>("catalog").unwrap();
    before.add_external::<copy::SetAgain>("catalog").unwrap();
    before.add::<PriceSet>("catalog").unwrap();
    assert_eq!(owners(&before), owners(&alone));
}

#[test]
fn a_consumers_copy_of_another_producer_and_a_second_shape_of_the_producer_are_refused() {
    let mut catalogue = EventCatalogue::default();
    catalogue.add::<PriceSet>("catalog").unwrap();
    assert!(catalogue.add_external::<copy::PriceSet>("prices").is_err());
    assert!(catalogue.add::<copy::PriceSet>("catalog").is_err());
}
