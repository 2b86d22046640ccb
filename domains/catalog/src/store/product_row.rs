//! `catalog_product`.

use chrono::{DateTime, Utc};
use czo_core::ShopId;
use czo_repo::Resource;
use sea_orm::entity::prelude::*;
use sea_orm::{FromJsonQueryResult, Set};
use serde::{Deserialize, Serialize};

use crate::product::{Image, Product, ProductContent, ProductOption, ProductStatus, Variant};
use crate::{CatalogError, ProductId};

/// A row of `catalog_product`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
#[sea_orm(table_name = "catalog_product")]
#[resource(shop_scoped, versioned, soft_delete, timestamps)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ProductId,
    pub shop_id: ShopId,
    #[sea_orm(column_type = "Text")]
    pub handle: String,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    #[sea_orm(column_type = "Text")]
    pub description_html: String,
    #[sea_orm(column_type = "Text")]
    pub vendor: String,
    #[sea_orm(column_type = "Text")]
    pub product_type: String,
    pub status: ProductStatus,
    #[sea_orm(column_type = "JsonBinary")]
    pub options: Texts,
    #[sea_orm(column_type = "JsonBinary")]
    pub images: Images,
    #[sea_orm(column_type = "JsonBinary")]
    pub tags: Texts,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A list of texts, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct Texts(pub Vec<String>);

/// A list of images, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct Images(pub Vec<Image>);

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The product of this row with its variants.
    pub(super) fn with_variants(self, variants: Vec<Variant>) -> Result<Product, CatalogError> {
        let handle = self.handle.parse().map_err(|error| CatalogError::Corrupt {
            table: "catalog_product",
            id: self.id.to_string(),
            what: format!("handle: {error}"),
        })?;
        Ok(Product {
            id: self.id,
            shop_id: self.shop_id,
            handle,
            title: self.title,
            description_html: self.description_html,
            vendor: self.vendor,
            product_type: self.product_type,
            status: self.status,
            tags: self.tags.0,
            options: ProductOption::of_variants(self.options.0, &variants),
            images: self.images.0,
            variants,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// The columns that `content` fills.
pub(super) fn columns(content: &ProductContent) -> ActiveModel {
    ActiveModel {
        handle: Set(content.handle.to_string()),
        title: Set(content.title.clone()),
        description_html: Set(content.description_html.clone()),
        vendor: Set(content.vendor.clone()),
        product_type: Set(content.product_type.clone()),
        status: Set(content.status),
        options: Set(Texts(content.option_names.clone())),
        images: Set(Images(content.images.clone())),
        tags: Set(Texts(content.tags.clone())),
        ..Default::default()
    }
}
