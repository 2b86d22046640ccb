//! Writing products.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Set};

use super::{product_row, variant_row};
use crate::CatalogError;
use crate::product::{Product, ProductContent, Variant};

/// Variants per statement: 14 columns each, far below the 32,766 values that SQLite binds.
const VARIANTS_PER_STATEMENT: usize = 500;

/// Writes a new product.
pub(crate) async fn insert(
    tx: &impl ConnectionTrait,
    product: &Product,
) -> Result<(), CatalogError> {
    let row = product_row::ActiveModel {
        id: Set(product.id),
        shop_id: Set(product.shop_id),
        version: Set(product.version),
        created_at: Set(product.created_at),
        updated_at: Set(product.updated_at),
        deleted_at: Set(None),
        ..product_row::columns(&ProductContent::from(product))
    };
    product_row::Entity::insert(row)
        .exec_without_returning(tx)
        .await
        .map_err(CatalogError::of_write)?;
    upsert(tx, product, product.variants.iter().enumerate()).await
}

/// Writes a changed product over the version `before`.
///
/// Fails with [`CatalogError::Conflict`] when the row has another version by now, and with
/// [`CatalogError::NotFound`] when it is gone.
pub(crate) async fn update(
    tx: &impl ConnectionTrait,
    before: &Product,
    after: &Product,
) -> Result<(), CatalogError> {
    let columns = product_row::ActiveModel {
        version: Set(after.version),
        updated_at: Set(after.updated_at),
        ..product_row::columns(&ProductContent::from(after))
    };
    let changed = living_version(product_row::Entity::update_many().set(columns), before)
        .exec(tx)
        .await
        .map_err(CatalogError::of_write)?;
    if changed.rows_affected == 0 {
        return Err(lost_race(tx, before).await?);
    }
    write_variants(tx, before, after).await
}

/// Deletes a product and its variants, softly: their handle and SKUs may be used again.
///
/// Fails as [`update`] does.
pub(crate) async fn delete(
    tx: &impl ConnectionTrait,
    product: &Product,
    now: DateTime<Utc>,
) -> Result<(), CatalogError> {
    let gone = product_row::ActiveModel {
        version: Set(product.version + 1),
        updated_at: Set(now),
        deleted_at: Set(Some(now)),
        ..Default::default()
    };
    let changed =
        living_version(product_row::Entity::update_many().set(gone), product).exec(tx).await?;
    if changed.rows_affected == 0 {
        return Err(lost_race(tx, product).await?);
    }
    delete_variants(tx, variant_row::Column::ProductId.eq(product.id), now).await
}

type UpdateProducts = sea_orm::UpdateMany<product_row::Entity>;

/// Restricts an update to exactly this version of the product.
fn living_version(update: UpdateProducts, product: &Product) -> UpdateProducts {
    update
        .filter(product_row::Column::Id.eq(product.id))
        .filter(product_row::Column::ShopId.eq(product.shop_id))
        .filter(product_row::Column::Version.eq(product.version))
        .filter(product_row::Column::DeletedAt.is_null())
}

/// Why an update of `product` changed no row.
async fn lost_race(
    tx: &impl ConnectionTrait,
    product: &Product,
) -> Result<CatalogError, CatalogError> {
    let now = product_row::Entity::find_by_id(product.id)
        .filter(product_row::Column::ShopId.eq(product.shop_id))
        .filter(product_row::Column::DeletedAt.is_null())
        .one(tx)
        .await?;
    Ok(match now {
        Some(row) => CatalogError::Conflict {
            id: product.id,
            expected: product.version,
            actual: row.version,
        },
        None => CatalogError::NotFound { id: product.id },
    })
}

/// Brings the variants from `before` to `after`: those that are gone are deleted, those that are
/// new or differ are written, the rest is left alone.
async fn write_variants(
    tx: &impl ConnectionTrait,
    before: &Product,
    after: &Product,
) -> Result<(), CatalogError> {
    let old = |id| before.variants.iter().enumerate().find(|(_, variant)| variant.id == id);
    let gone = before
        .variants
        .iter()
        .filter(|variant| !after.variants.iter().any(|kept| kept.id == variant.id))
        .map(|variant| variant.id);
    let gone: Vec<_> = gone.collect();
    if !gone.is_empty() {
        let condition = variant_row::Column::Id.is_in(gone);
        delete_variants(tx, condition, after.updated_at).await?;
    }

    // Two variants may swap their SKUs, which no order of single writes would survive: give all
    // changed SKUs up first.
    let gives_up_sku = |variant: &&Variant| {
        old(variant.id).is_some_and(|(_, old)| old.sku.is_some() && old.sku != variant.sku)
    };
    let giving_up: Vec<_> =
        after.variants.iter().filter(gives_up_sku).map(|variant| variant.id).collect();
    if !giving_up.is_empty() {
        variant_row::Entity::update_many()
            .col_expr(variant_row::Column::Sku, Expr::value(None::<String>))
            .filter(variant_row::Column::Id.is_in(giving_up))
            .exec(tx)
            .await?;
    }

    let differs = |(place, variant): &(usize, &Variant)| {
        old(variant.id).is_none_or(|(old_place, old)| old_place != *place || old != *variant)
    };
    upsert(tx, after, after.variants.iter().enumerate().filter(differs)).await
}

/// Writes variants, each with its place in the product's list.
async fn upsert<'a>(
    tx: &impl ConnectionTrait,
    product: &Product,
    variants: impl Iterator<Item = (usize, &'a Variant)>,
) -> Result<(), CatalogError> {
    use variant_row::Column::{
        Barcode, CompareAtMinor, Currency, InventoryQuantity, OptionValues, Position, PriceMinor,
        Sku, UpdatedAt,
    };

    let rows: Vec<_> = variants
        .map(|(place, variant)| {
            let place = i32::try_from(place).expect("a product has at most MAX_VARIANTS variants");
            variant_row::row(product, place, variant)
        })
        .collect();
    for rows in rows.chunks(VARIANTS_PER_STATEMENT) {
        let over = OnConflict::column(variant_row::Column::Id)
            .update_columns([
                Position,
                OptionValues,
                Sku,
                Barcode,
                PriceMinor,
                CompareAtMinor,
                Currency,
                InventoryQuantity,
                UpdatedAt,
            ])
            .to_owned();
        variant_row::Entity::insert_many(rows.iter().cloned())
            .on_conflict(over)
            .exec_without_returning(tx)
            .await
            .map_err(CatalogError::of_write)?;
    }
    Ok(())
}

async fn delete_variants(
    tx: &impl ConnectionTrait,
    which: sea_orm::sea_query::SimpleExpr,
    now: DateTime<Utc>,
) -> Result<(), CatalogError> {
    variant_row::Entity::update_many()
        .col_expr(variant_row::Column::DeletedAt, Expr::value(Some(now)))
        .filter(which)
        .filter(variant_row::Column::DeletedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}
