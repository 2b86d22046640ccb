//! What is cached: about what a shop shows of a product.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) variants: Vec<Variant>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Variant {
    pub(crate) sku: String,
    pub(crate) price: u64,
    pub(crate) stock: u32,
}

impl Product {
    pub(crate) fn new(number: usize) -> Self {
        let variant = |size: &&str| Variant {
            sku: format!("SHIRT-{number}-{size}"),
            price: 1_999,
            stock: 12,
        };
        Self {
            id: key(number),
            title: format!("A shirt, the {number}th of its kind"),
            description: "Made of cotton that was grown where it rains enough. ".repeat(8),
            variants: ["S", "M", "L"].iter().map(variant).collect(),
        }
    }
}

/// A key as long as those of a shop.
pub(crate) fn key(number: usize) -> String {
    format!("prod_01jd8x2m3nfq{number:010}")
}
