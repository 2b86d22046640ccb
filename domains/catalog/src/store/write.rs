//! Writing products, with their variants. Whatever writes them is here: each write sees to it that
//! what it made wrong is not read from the cache.

use std::sync::Arc;

use czo_core::ShopId;
use czo_repo::UnitOfWork;
use sea_orm::ColumnTrait;

use super::{CachedProducts, PRODUCTS, VARIANTS, product_row, variant_row};
use crate::product::{Product, ProductContent, Stamp, Variant};
use crate::{CatalogError, ProductId};

/// Writes a new product.
pub(crate) async fn insert(
    tx: &UnitOfWork,
    cached: &Arc<CachedProducts>,
    shop: ShopId,
    content: ProductContent,
    variants: Vec<Variant>,
) -> Result<Product, CatalogError> {
    let row = PRODUCTS.for_shop(shop).create(tx, product_row::columns(&content)).await?;
    VARIANTS.for_shop(shop).create_many(tx, rows(row.id, &variants)).await?;
    cached.forget_after(tx, shop, (row.id, row.version), &[&content.handle]);
    Ok(stamped(content, &row, variants))
}

/// Writes a changed product over the version `before`. Variants that are not listed any more are
/// deleted, those that are new or differ are written, the rest is left alone.
///
/// Fails with [`CatalogError::Conflict`] when the row has another version by now, and with
/// [`CatalogError::NotFound`] when it is gone.
pub(crate) async fn update(
    tx: &UnitOfWork,
    cached: &Arc<CachedProducts>,
    before: &Product,
    content: ProductContent,
    variants: Vec<Variant>,
) -> Result<Product, CatalogError> {
    let (id, shop) = (before.id, before.shop_id);
    let columns = product_row::columns(&content);
    let row = PRODUCTS.for_shop(shop).update(tx, id, before.version, columns).await?;
    let stored = VARIANTS.for_shop(shop);
    let existing = stored.filter(variant_row::Column::ProductId.eq(id)).find_many(tx).await?;
    // Two variants may exchange their SKUs.
    stored.replace(tx, &existing, rows(id, &variants), &[variant_row::Column::Sku]).await?;
    cached.forget_after(tx, shop, (id, row.version), &[&before.handle, &content.handle]);
    Ok(stamped(content, &row, variants))
}

/// Deletes a product and its variants, softly: their handle and SKUs may be used again.
///
/// Fails as [`update`] does.
pub(crate) async fn delete(
    tx: &UnitOfWork,
    cached: &Arc<CachedProducts>,
    product: &Product,
) -> Result<(), CatalogError> {
    let (id, shop) = (product.id, product.shop_id);
    let row = PRODUCTS.for_shop(shop).delete(tx, id, product.version).await?;
    let variants = VARIANTS.for_shop(shop).filter(variant_row::Column::ProductId.eq(id));
    variants.delete_many(tx).await?;
    cached.forget_after(tx, shop, (id, row.version), &[&product.handle]);
    Ok(())
}

fn rows(product: ProductId, variants: &[Variant]) -> Vec<variant_row::ActiveModel> {
    let places = 0..;
    places.zip(variants).map(|(place, variant)| variant_row::row(product, place, variant)).collect()
}

/// The product that was written: what the shop says, with what the row says beyond that.
fn stamped(content: ProductContent, row: &product_row::Model, variants: Vec<Variant>) -> Product {
    content.into_product(Stamp {
        id: row.id,
        shop_id: row.shop_id,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        variants,
    })
}
