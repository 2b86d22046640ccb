//! Products, and which of them are meant.

use chrono::{DateTime, Utc};
use czo_core::ShopId;
use sea_orm::prelude::StringLen;
use sea_orm::{DeriveActiveEnum, EnumIter, FromJsonQueryResult};
use serde::{Deserialize, Serialize};

czo_core::typed_id! {
    /// Identifies a product.
    pub struct ProductId("prod");
}

czo_core::typed_id! {
    /// Identifies a variant of a product.
    pub struct VariantId("var");
}

/// A product with its variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// The shop it belongs to.
    pub shop_id: ShopId,
    /// Its name in URLs, unique among the products of the shop that are not deleted.
    pub handle: String,
    /// Its name for people.
    pub title: String,
    /// Whether visitors see it.
    pub status: ProductStatus,
    /// Words to find it by.
    pub tags: Tags,
    /// What can be bought, in order. A deleted product shows none: they are deleted with it.
    pub variants: Vec<Variant>,
    /// Grows by one with every change.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// Something that can be bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its id.
    pub id: VariantId,
    /// The shop's own number for it, unique among the variants of the shop that are not deleted.
    pub sku: Option<String>,
    /// What it costs, in the smallest unit of the currency.
    pub price_minor: i64,
}

/// Whether visitors of the shop see a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum ProductStatus {
    /// Not yet.
    #[default]
    #[sea_orm(string_value = "draft")]
    Draft,
    /// Yes.
    #[sea_orm(string_value = "active")]
    Active,
}

/// Words to find a product by: a column of JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct Tags(pub Vec<String>);

/// What a product is to be, new or changed.
#[derive(Clone, Debug, Default)]
pub struct ProductDraft {
    /// Its name in URLs.
    pub handle: String,
    /// Its name for people.
    pub title: String,
    /// Whether visitors see it.
    pub status: ProductStatus,
    /// Words to find it by.
    pub tags: Tags,
    /// All of its variants, in order.
    pub variants: Vec<VariantDraft>,
}

/// What a variant is to be, new or changed.
#[derive(Clone, Debug, Default)]
pub struct VariantDraft {
    /// The variant that is to become this; `None` for a new one.
    pub id: Option<VariantId>,
    /// The shop's own number for it.
    pub sku: Option<String>,
    /// What it costs, in the smallest unit of the currency.
    pub price_minor: i64,
}

/// Which products of the shop are meant.
#[derive(Clone, Debug, Default)]
pub struct ProductFilter {
    /// Only those of this status.
    pub status: Option<ProductStatus>,
    /// Only those with this tag.
    pub tag: Option<String>,
    /// Deleted ones or not.
    pub trashed: Trashed,
}

/// What happens to products that are deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trashed {
    /// They are left out.
    #[default]
    Without,
    /// They are listed with the others.
    With,
    /// Only they are listed.
    Only,
}

/// The order of a list of products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProductSort {
    /// The newest first.
    #[default]
    Newest,
    /// By title; among equal ones, the oldest first.
    TitleUp,
    /// By title, backwards; among equal ones, the newest first.
    TitleDown,
}
