//! The table `product`.

use chrono::{DateTime, Utc};
use czo_core::ShopId;
use czo_repo::Resource;
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use crate::{Product, ProductDraft, ProductId, ProductStatus, Tags, variant_row};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Resource)]
#[sea_orm(table_name = "product")]
#[resource(shop_scoped, versioned, soft_delete, timestamps)]
pub struct Model {
    /// Which.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ProductId,
    /// Whose.
    pub shop_id: ShopId,
    /// Unique among the products of the shop that are not deleted.
    #[sea_orm(column_type = "Text")]
    pub handle: String,
    /// For people.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// Whether visitors see it.
    pub status: ProductStatus,
    /// Words to find it by.
    #[sea_orm(column_type = "JsonBinary")]
    pub tags: Tags,
    /// Grows by one with every change.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// None that SeaORM has to know.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The product of this row.
    #[must_use]
    pub fn with_variants(self, variants: Vec<variant_row::Model>) -> Product {
        Product {
            id: self.id,
            shop_id: self.shop_id,
            handle: self.handle,
            title: self.title,
            status: self.status,
            tags: self.tags,
            variants: variants.into_iter().map(Into::into).collect(),
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            deleted_at: self.deleted_at,
        }
    }
}

/// The columns that a draft fills.
#[must_use]
pub fn columns(draft: &ProductDraft) -> ActiveModel {
    ActiveModel {
        handle: Set(draft.handle.clone()),
        title: Set(draft.title.clone()),
        status: Set(draft.status),
        tags: Set(draft.tags.clone()),
        ..Default::default()
    }
}
