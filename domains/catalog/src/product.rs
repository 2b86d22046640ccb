//! A product, as everybody sees it.

mod content;
mod draft;
mod handle;
mod validation;
mod web_address;

use chrono::{DateTime, Utc};
use czo_core::{Money, ShopId};
use sea_orm::prelude::StringLen;
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

pub(crate) use content::{ProductContent, Stamp, VariantContent};
pub use draft::{ProductDraft, ProductPatch, VariantDraft};
pub use handle::{Handle, HandleError};
pub use validation::{
    MAX_ALT_CHARS, MAX_DESCRIPTION_BYTES, MAX_IMAGES, MAX_OPTIONS, MAX_TAGS, MAX_TEXT_CHARS,
    MAX_URL_BYTES, MAX_VARIANTS,
};
pub(crate) use validation::{handle_of, validate};
pub(crate) use web_address::is_web_address;

use crate::{ProductId, VariantId};

/// A product with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// The shop it belongs to.
    pub shop_id: ShopId,
    /// Its name in URLs, unique in the shop.
    pub handle: Handle,
    /// Its name for people.
    pub title: String,
    /// Its description, as HTML that the shop wrote. Not sanitized.
    pub description_html: String,
    /// Who makes it.
    pub vendor: String,
    /// What kind of thing it is.
    pub product_type: String,
    /// Whether visitors see it.
    pub status: ProductStatus,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// What a buyer chooses, with the values that its variants have, in order of appearance.
    pub options: Vec<ProductOption>,
    /// Its pictures, in order.
    pub images: Vec<Image>,
    /// What can be bought, in order. At least one.
    pub variants: Vec<Variant>,
    /// Grows by one with every change.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Whether visitors of the shop see a product.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
#[serde(rename_all = "lowercase")]
pub enum ProductStatus {
    /// Not yet: somebody is still writing it.
    #[default]
    #[sea_orm(string_value = "draft")]
    Draft,
    /// Yes.
    #[sea_orm(string_value = "active")]
    Active,
    /// No longer.
    #[sea_orm(string_value = "archived")]
    Archived,
}

/// What a buyer chooses: `Size`, with the values `S`, `M`, `L`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductOption {
    /// Its name.
    pub name: String,
    /// The values that the product's variants have, in order of appearance.
    pub values: Vec<String>,
}

/// A picture of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Where it is, `http` or `https`.
    pub url: String,
    /// What it shows, for those who don't see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
}

/// Something that can be bought: one combination of a product's options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// Its id.
    pub id: VariantId,
    /// Its value for each option of the product, in their order.
    pub option_values: Vec<String>,
    /// The shop's own number for it, unique in the shop.
    pub sku: Option<String>,
    /// EAN, UPC, ISBN, …
    pub barcode: Option<String>,
    /// What it costs.
    pub price: Money,
    /// What it is said to have cost before.
    pub compare_at_price: Option<Money>,
    /// How many there are; below zero when more were sold than there were.
    pub inventory_quantity: i32,
}
