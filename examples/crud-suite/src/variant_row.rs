//! The table `variant`.

use chrono::{DateTime, Utc};
use czo_core::ShopId;
use czo_repo::Resource;
use sea_orm::entity::prelude::*;

use crate::{ProductId, Variant, VariantId};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Resource)]
#[sea_orm(table_name = "variant")]
#[resource(shop_scoped, soft_delete)]
pub struct Model {
    /// Which.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VariantId,
    /// Whose.
    pub shop_id: ShopId,
    /// The product it belongs to.
    pub product_id: ProductId,
    /// Its place among the variants of the product.
    pub position: i32,
    /// Unique among the variants of the shop that are not deleted.
    #[sea_orm(column_type = "Text", nullable)]
    pub sku: Option<String>,
    /// What it costs, in the smallest unit of the currency.
    pub price_minor: i64,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// None that SeaORM has to know.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Variant {
    fn from(row: Model) -> Self {
        Self { id: row.id, sku: row.sku, price_minor: row.price_minor }
    }
}
