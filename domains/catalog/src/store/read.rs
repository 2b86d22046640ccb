//! Reading products.

use std::collections::HashMap;

use czo_core::ShopId;
use czo_graphql::PageRequest;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::tag_filter::has_tag;
use super::{product_row, variant_row};
use crate::product::{Handle, Product, ProductStatus, Variant};
use crate::{CatalogError, ProductId, VariantId};

/// How one product is named.
#[derive(Clone, Debug)]
pub(crate) enum ProductKey {
    Id(ProductId),
    Handle(Handle),
}

/// Which products of a shop are meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProductFilter {
    pub(crate) status: Option<ProductStatus>,
    pub(crate) tag: Option<String>,
    /// Leaves out what visitors don't see.
    pub(crate) only_active: bool,
}

/// One page of products, and whether there are more on either side.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) products: Vec<Product>,
    pub(crate) has_previous: bool,
    pub(crate) has_next: bool,
}

fn living(shop: ShopId) -> Condition {
    Condition::all()
        .add(product_row::Column::ShopId.eq(shop))
        .add(product_row::Column::DeletedAt.is_null())
}

fn matching(backend: sea_orm::DbBackend, shop: ShopId, filter: &ProductFilter) -> Condition {
    let mut condition = living(shop);
    if let Some(status) = filter.status {
        condition = condition.add(product_row::Column::Status.eq(status));
    }
    if filter.only_active {
        condition = condition.add(product_row::Column::Status.eq(ProductStatus::Active));
    }
    if let Some(tag) = &filter.tag {
        condition = condition.add(has_tag(backend, tag));
    }
    condition
}

/// One product of a shop.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    shop: ShopId,
    key: &ProductKey,
) -> Result<Option<Product>, CatalogError> {
    let named = match key {
        ProductKey::Id(id) => product_row::Column::Id.eq(*id),
        ProductKey::Handle(handle) => product_row::Column::Handle.eq(handle.as_str()),
    };
    let row = product_row::Entity::find().filter(living(shop)).filter(named).one(db).await?;
    Ok(with_variants(db, row.into_iter().collect()).await?.pop())
}

/// Several products of a shop, in no particular order; what is not there is left out.
pub(crate) async fn find_by_ids(
    db: &impl ConnectionTrait,
    shop: ShopId,
    ids: &[ProductId],
) -> Result<Vec<Product>, CatalogError> {
    let rows = product_row::Entity::find()
        .filter(living(shop))
        .filter(product_row::Column::Id.is_in(ids.iter().copied()))
        .all(db)
        .await?;
    with_variants(db, rows).await
}

/// The products of a shop that have these variants, in no particular order.
pub(crate) async fn find_of_variants(
    db: &impl ConnectionTrait,
    shop: ShopId,
    variants: &[VariantId],
) -> Result<Vec<Product>, CatalogError> {
    let owners: Vec<ProductId> = variant_row::Entity::find()
        .select_only()
        .column(variant_row::Column::ProductId)
        .distinct()
        .filter(variant_row::Column::Id.is_in(variants.iter().copied()))
        .filter(variant_row::Column::DeletedAt.is_null())
        .into_tuple()
        .all(db)
        .await?;
    find_by_ids(db, shop, &owners).await
}

/// One page of a shop's products, newest first.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    shop: ShopId,
    filter: &ProductFilter,
    request: &PageRequest<ProductId>,
) -> Result<Page, CatalogError> {
    use product_row::Column::Id;

    let mut condition = matching(db.get_database_backend(), shop, filter);
    // Newest first: what comes after a cursor has the smaller id.
    if let Some(after) = request.after {
        condition = condition.add(Id.lt(after));
    }
    if let Some(before) = request.before {
        condition = condition.add(Id.gt(before));
    }
    let query = product_row::Entity::find().filter(condition);
    let query = if request.backward { query.order_by_asc(Id) } else { query.order_by_desc(Id) };
    // One more than asked for tells whether there is more.
    let mut rows = query.limit(request.limit + 1).all(db).await?;
    let asked = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let more = rows.len() > asked;
    rows.truncate(asked);
    if request.backward {
        rows.reverse();
    }
    Ok(Page {
        products: with_variants(db, rows).await?,
        has_previous: if request.backward { more } else { request.after.is_some() },
        has_next: if request.backward { request.before.is_some() } else { more },
    })
}

/// How many products of a shop match.
pub(crate) async fn count(
    db: &impl ConnectionTrait,
    shop: ShopId,
    filter: &ProductFilter,
) -> Result<u64, CatalogError> {
    let condition = matching(db.get_database_backend(), shop, filter);
    Ok(product_row::Entity::find().filter(condition).count(db).await?)
}

/// The products of these rows, in their order, with their variants: one more statement.
async fn with_variants(
    db: &impl ConnectionTrait,
    rows: Vec<product_row::Model>,
) -> Result<Vec<Product>, CatalogError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let variant_rows = variant_row::Entity::find()
        .filter(variant_row::Column::ProductId.is_in(rows.iter().map(|row| row.id)))
        .filter(variant_row::Column::DeletedAt.is_null())
        .order_by_asc(variant_row::Column::ProductId)
        .order_by_asc(variant_row::Column::Position)
        .all(db)
        .await?;
    let mut variants: HashMap<ProductId, Vec<Variant>> = HashMap::with_capacity(rows.len());
    for row in variant_rows {
        variants.entry(row.product_id).or_default().push(row.try_into()?);
    }
    rows.into_iter()
        .map(|row| {
            let own = variants.remove(&row.id).unwrap_or_default();
            row.with_variants(own)
        })
        .collect()
}
