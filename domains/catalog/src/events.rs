//! The events of the catalogue.

use czo_core::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ProductId;

/// A product was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event("product.item.created", version = 1)]
#[serde(rename_all = "camelCase")]
pub struct ProductCreated {
    /// The product.
    pub product_id: ProductId,
    /// Its handle.
    pub handle: String,
    /// Its title.
    pub title: String,
}

/// A product, or one of its variants, was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event("product.item.updated", version = 1)]
#[serde(rename_all = "camelCase")]
pub struct ProductUpdated {
    /// The product.
    pub product_id: ProductId,
    /// Its handle, after the change.
    pub handle: String,
    /// Its version, after the change.
    pub version: i32,
    /// The names of the fields that changed.
    pub changed: Vec<String>,
}

/// A product was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event("product.item.deleted", version = 1)]
#[serde(rename_all = "camelCase")]
pub struct ProductDeleted {
    /// The product.
    pub product_id: ProductId,
    /// The handle it had, which another product may take now.
    pub handle: String,
}

/// A product became visible to the shop's visitors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event("product.item.published", version = 1)]
#[serde(rename_all = "camelCase")]
pub struct ProductPublished {
    /// The product.
    pub product_id: ProductId,
    /// Its handle.
    pub handle: String,
    /// Its title.
    pub title: String,
}
