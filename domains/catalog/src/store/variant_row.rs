//! `catalog_variant`.

use chrono::{DateTime, Utc};
use czo_core::{Money, ShopId};
use czo_repo::Resource;
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::product_row::Texts;
use crate::product::Variant;
use crate::{CatalogError, ProductId, VariantId};

/// A row of `catalog_variant`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
#[sea_orm(table_name = "catalog_variant")]
#[resource(shop_scoped, soft_delete, timestamps)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VariantId,
    pub product_id: ProductId,
    pub shop_id: ShopId,
    pub position: i32,
    #[sea_orm(column_type = "JsonBinary")]
    pub option_values: Texts,
    #[sea_orm(column_type = "Text", nullable)]
    pub sku: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub barcode: Option<String>,
    pub price_minor: i64,
    pub compare_at_minor: Option<i64>,
    #[sea_orm(column_type = "String(StringLen::N(3))")]
    pub currency: String,
    pub inventory_quantity: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for Variant {
    type Error = CatalogError;

    fn try_from(row: Model) -> Result<Self, CatalogError> {
        let money = |minor| Money::from_minor_units(minor, row.currency.parse()?);
        let corrupt = |error: czo_core::MoneyError| CatalogError::Corrupt {
            table: "catalog_variant",
            id: row.id.to_string(),
            what: format!("price: {error}"),
        };
        Ok(Self {
            id: row.id,
            price: money(row.price_minor).map_err(corrupt)?,
            compare_at_price: row.compare_at_minor.map(money).transpose().map_err(corrupt)?,
            option_values: row.option_values.0,
            sku: row.sku,
            barcode: row.barcode,
            inventory_quantity: row.inventory_quantity,
        })
    }
}

/// The row of a variant of a product, at a place in its list.
pub(super) fn row(product: ProductId, position: i32, variant: &Variant) -> ActiveModel {
    ActiveModel {
        id: Set(variant.id),
        product_id: Set(product),
        position: Set(position),
        option_values: Set(Texts(variant.option_values.clone())),
        sku: Set(variant.sku.clone()),
        barcode: Set(variant.barcode.clone()),
        price_minor: Set(variant.price.minor_units()),
        compare_at_minor: Set(variant.compare_at_price.map(Money::minor_units)),
        currency: Set(variant.price.currency().to_string()),
        inventory_quantity: Set(variant.inventory_quantity),
        ..Default::default()
    }
}
