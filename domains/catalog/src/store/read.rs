//! Reading products.

use std::collections::{HashMap, HashSet};

use czo_core::ShopId;
use czo_repo::PageRequest;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
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
    let (mut products, _) = whole(db, &one(shop, key), 1).await?;
    Ok(products.pop())
}

/// One product of a shop, for a transaction that will write it: on PostgreSQL, other writers of
/// it wait from here on. (On SQLite they wait since the transaction began.)
pub(crate) async fn find_to_write(
    tx: &DatabaseTransaction,
    shop: ShopId,
    key: &ProductKey,
) -> Result<Option<Product>, CatalogError> {
    let row = one(shop, key).lock_exclusive().one(tx).await?;
    with_variants(tx, row.into_iter().collect()).await.map(|read| read.products.into_iter().next())
}

fn one(shop: ShopId, key: &ProductKey) -> Select<product_row::Entity> {
    let named = match key {
        ProductKey::Id(id) => product_row::Column::Id.eq(*id),
        ProductKey::Handle(handle) => product_row::Column::Handle.eq(handle.as_str()),
    };
    product_row::Entity::find().filter(living(shop)).filter(named)
}

/// Several products of a shop, in no particular order; what is not there is left out.
pub(crate) async fn find_by_ids(
    db: &impl ConnectionTrait,
    shop: ShopId,
    ids: &[ProductId],
) -> Result<Vec<Product>, CatalogError> {
    let query = product_row::Entity::find()
        .filter(living(shop))
        .filter(product_row::Column::Id.is_in(ids.iter().copied()));
    Ok(whole(db, &query, ids.len()).await?.0)
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
    let query = query.limit(request.limit + 1);
    let asked = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let (mut products, more) = whole(db, &query, asked).await?;
    if request.backward {
        products.reverse();
    }
    Ok(Page {
        products,
        // A cursor stands for an entry, so there is something on its side.
        has_previous: request.after.is_some() || (request.backward && more),
        has_next: request.before.is_some() || (!request.backward && more),
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

/// How often a read that other writers tore apart is tried again.
const READS: usize = 5;

/// At most `asked` of the products that `query` finds, in its order, each as it was at one moment,
/// and whether it found more.
///
/// Rows and variants are two statements, between which a writer may come. It leaves a trace: the
/// product has no variants any more, or some are newer than the product. Then both are read again.
async fn whole(
    db: &impl ConnectionTrait,
    query: &Select<product_row::Entity>,
    asked: usize,
) -> Result<(Vec<Product>, bool), CatalogError> {
    let mut torn = None;
    for _ in 0..READS {
        let mut rows = query.clone().all(db).await?;
        let more = rows.len() > asked;
        rows.truncate(asked);
        let read = with_variants(db, rows).await?;
        if read.torn.is_none() {
            return Ok((read.products, more));
        }
        torn = read.torn;
    }
    Err(CatalogError::Corrupt {
        table: "catalog_product",
        id: torn.map(|id| id.to_string()).unwrap_or_default(),
        what: "it has no variants, or is written without a pause".to_owned(),
    })
}

/// Products with their variants.
struct WithVariants {
    products: Vec<Product>,
    /// A product whose variants are not those of its row.
    torn: Option<ProductId>,
}

/// The products of these rows, in their order, with their variants: one more statement.
async fn with_variants(
    db: &impl ConnectionTrait,
    rows: Vec<product_row::Model>,
) -> Result<WithVariants, CatalogError> {
    let mut result = WithVariants { products: Vec::with_capacity(rows.len()), torn: None };
    if rows.is_empty() {
        return Ok(result);
    }
    let variant_rows = variant_row::Entity::find()
        .filter(variant_row::Column::ProductId.is_in(rows.iter().map(|row| row.id)))
        .filter(variant_row::Column::DeletedAt.is_null())
        .order_by_asc(variant_row::Column::ProductId)
        .order_by_asc(variant_row::Column::Position)
        .all(db)
        .await?;
    let mut variants: HashMap<ProductId, Vec<variant_row::Model>> =
        HashMap::with_capacity(rows.len());
    for row in variant_rows {
        variants.entry(row.product_id).or_default().push(row);
    }
    for row in rows {
        let own = variants.remove(&row.id).unwrap_or_default();
        if own.is_empty() || own.iter().any(|variant| variant.updated_at > row.updated_at) {
            result.torn = Some(row.id);
        }
        let own = own.into_iter().map(Variant::try_from).collect::<Result<_, _>>()?;
        result.products.push(row.with_variants(own)?);
    }
    Ok(result)
}

/// Those of these SKUs that living variants of other products of the shop have.
pub(crate) async fn taken_skus(
    db: &impl ConnectionTrait,
    shop: ShopId,
    skus: &[&str],
    except: Option<ProductId>,
) -> Result<HashSet<String>, CatalogError> {
    let mut query = variant_row::Entity::find()
        .select_only()
        .column(variant_row::Column::Sku)
        .filter(variant_row::Column::ShopId.eq(shop))
        .filter(variant_row::Column::Sku.is_in(skus.iter().copied()))
        .filter(variant_row::Column::DeletedAt.is_null());
    if let Some(product) = except {
        query = query.filter(variant_row::Column::ProductId.ne(product));
    }
    Ok(query.into_tuple().all(db).await?.into_iter().collect())
}
