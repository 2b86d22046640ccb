//! The key whose events the outbox keeps in order.

use czo_core::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A price was set, in whole units.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("product.price.set", version = 1, key = "number")]
struct PriceSetV1 {
    number: u32,
}

/// A price was set.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("product.price.set", version = 2, key = "type", from = PriceSetV1)]
struct PriceSetV2 {
    r#type: String,
}

impl From<PriceSetV1> for PriceSetV2 {
    fn from(old: PriceSetV1) -> Self {
        Self { r#type: old.number.to_string() }
    }
}

/// A price was set, for somebody.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("product.price.set", version = 3, from = PriceSetV2, key = "of",)]
struct PriceSet {
    #[serde(rename = "productId")]
    of: String,
}

impl From<PriceSetV2> for PriceSet {
    fn from(old: PriceSetV2) -> Self {
        Self { of: old.r#type }
    }
}

/// Prices were looked at.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("product.price.seen", version = 1)]
struct PricesSeen {
    product_id: String,
}

#[test]
fn the_key_is_the_text_of_the_field_by_its_name_in_rust() {
    assert_eq!(PriceSetV1 { number: 7 }.aggregate_key().as_deref(), Some("7"));
    assert_eq!(PriceSet { of: "prod_1".to_owned() }.aggregate_key().as_deref(), Some("prod_1"));
    let raw = PriceSetV2 { r#type: "prod_1".to_owned() };
    assert_eq!(raw.aggregate_key().as_deref(), Some("prod_1"));
}

#[test]
fn an_event_that_names_no_key_has_none() {
    assert_eq!(PricesSeen { product_id: "prod_1".to_owned() }.aggregate_key(), None);
}
