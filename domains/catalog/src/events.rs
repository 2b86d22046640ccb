//! The events of the catalogue.

use czo_core::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ProductId;

/// A product was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event("product.item.created", version = 1, key = "product_id")]
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
#[event("product.item.updated", version = 1, key = "product_id")]
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
#[event("product.item.deleted", version = 1, key = "product_id")]
#[serde(rename_all = "camelCase")]
pub struct ProductDeleted {
    /// The product.
    pub product_id: ProductId,
    /// The handle it had, which another product may take now.
    pub handle: String,
}

/// A product became visible to the shop's visitors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event("product.item.published", version = 1, key = "product_id")]
#[serde(rename_all = "camelCase")]
pub struct ProductPublished {
    /// The product.
    pub product_id: ProductId,
    /// Its handle.
    pub handle: String,
    /// Its title.
    pub title: String,
}

#[cfg(test)]
mod tests {
    use czo_core::SystemIds;

    use super::*;

    #[test]
    fn all_events_of_a_product_have_its_id_as_their_key() {
        let product_id = ProductId::generate(&SystemIds);
        let (handle, title) = ("shirt".to_owned(), "A shirt".to_owned());
        let keys = [
            ProductCreated { product_id, handle: handle.clone(), title: title.clone() }
                .aggregate_key(),
            ProductUpdated { product_id, handle: handle.clone(), version: 2, changed: Vec::new() }
                .aggregate_key(),
            ProductPublished { product_id, handle: handle.clone(), title }.aggregate_key(),
            ProductDeleted { product_id, handle }.aggregate_key(),
        ];
        assert_eq!(keys, std::array::from_fn(|_| Some(product_id.to_string())));
    }
}
