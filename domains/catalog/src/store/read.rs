//! Reading products, with their variants.

use std::collections::{HashMap, HashSet};

use czo_core::ShopId;
use czo_repo::{
    Database, Page, PageRequest, Ready, Repository, Sort, TransactionOptions, UnitOfWork,
};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, FromQueryResult, QuerySelect, QueryTrait};

use super::tag_filter::has_tag;
use super::{PRODUCTS, VARIANTS, product_row, variant_row};
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

impl ProductFilter {
    /// Whether this product is one of them.
    pub(super) fn takes(&self, product: &Product) -> bool {
        let is_active = product.status == ProductStatus::Active;
        self.status.is_none_or(|status| status == product.status)
            && self.tag.as_ref().is_none_or(|tag| product.tags.contains(tag))
            && (is_active || !self.only_active)
    }
}

type Products = Repository<product_row::Entity, Ready>;

fn one(shop: ShopId, key: &ProductKey) -> Products {
    PRODUCTS.for_shop(shop).filter(match key {
        ProductKey::Id(id) => product_row::Column::Id.eq(*id),
        ProductKey::Handle(handle) => product_row::Column::Handle.eq(handle.as_str()),
    })
}

/// The products of a filter, newest first.
pub(super) fn matching(backend: DbBackend, shop: ShopId, filter: &ProductFilter) -> Products {
    let mut products = PRODUCTS.for_shop(shop).sort(Sort::desc(product_row::Column::Id));
    if let Some(status) = filter.status {
        products = products.filter(product_row::Column::Status.eq(status));
    }
    if filter.only_active {
        products = products.filter(product_row::Column::Status.eq(ProductStatus::Active));
    }
    match &filter.tag {
        Some(tag) => products.filter(has_tag(backend, tag)),
        None => products,
    }
}

/// One product of a shop.
pub(crate) async fn find(
    db: &Database,
    shop: ShopId,
    key: &ProductKey,
) -> Result<Option<Product>, CatalogError> {
    Ok(whole(db, shop, &one(shop, key)).await?.pop())
}

/// The id of the product of this handle.
pub(super) async fn find_id(
    db: &Database,
    shop: ShopId,
    handle: &Handle,
) -> Result<Option<ProductId>, CatalogError> {
    let named = one(shop, &ProductKey::Handle(handle.clone())).select().select_only();
    Ok(named.column(product_row::Column::Id).into_tuple().one(db.reader()).await?)
}

/// One product of a shop, for a transaction that will write it: on PostgreSQL, other writers of
/// it wait from here on. (On SQLite they wait since the transaction began.)
pub(crate) async fn find_to_write(
    tx: &UnitOfWork,
    shop: ShopId,
    key: &ProductKey,
) -> Result<Option<Product>, CatalogError> {
    let Some(row) = one(shop, key).select().lock_exclusive().one(&**tx).await? else {
        return Ok(None);
    };
    let (mut own, _) = variants(&**tx, shop, std::slice::from_ref(&row)).await?;
    product(row, &mut own).map(Some)
}

/// Several products of a shop, in no particular order; what is not there is left out.
pub(crate) async fn find_by_ids(
    db: &Database,
    shop: ShopId,
    ids: &[ProductId],
) -> Result<Vec<Product>, CatalogError> {
    let named = product_row::Column::Id.is_in(ids.iter().copied());
    whole(db, shop, &PRODUCTS.for_shop(shop).filter(named)).await
}

/// The products of a shop that have these variants, each once, in no particular order.
pub(super) async fn owners(
    db: &Database,
    shop: ShopId,
    variants: &[VariantId],
) -> Result<Vec<ProductId>, CatalogError> {
    let variants = VARIANTS.for_shop(shop).find_by_ids(db, variants).await?;
    let owners: HashSet<_> = variants.into_iter().flatten().map(|row| row.product_id).collect();
    Ok(Vec::from_iter(owners))
}

/// One page of a shop's products, newest first.
pub(crate) async fn page(
    db: &Database,
    shop: ShopId,
    filter: &ProductFilter,
    request: &PageRequest,
) -> Result<Page<Product>, CatalogError> {
    let products = matching(db.get_database_backend(), shop, filter);
    let session = db.session();
    let page = products.page(&session, request).await?;
    if let (mut own, true) = variants(session.reader(), shop, &page.nodes).await? {
        return page.try_map(|row| product(row, &mut own));
    }
    // Torn apart by a writer: both again, at one moment.
    db.transaction_with(TransactionOptions::snapshot(), async |tx| {
        let page = products.page(tx, request).await?;
        let (mut own, _) = variants(&**tx, shop, &page.nodes).await?;
        page.try_map(|row| product(row, &mut own))
    })
    .await
}

/// The ids on one page of a shop's products, newest first.
pub(super) async fn page_of_ids(
    db: &Database,
    shop: ShopId,
    filter: &ProductFilter,
    request: &PageRequest,
) -> Result<Page<ProductId>, CatalogError> {
    let products = matching(db.get_database_backend(), shop, filter);
    Ok(products.page(db, request).await?.map(|row| row.id))
}

/// How many products of a shop match.
pub(crate) async fn count(
    db: &Database,
    shop: ShopId,
    filter: &ProductFilter,
) -> Result<u64, CatalogError> {
    Ok(matching(db.get_database_backend(), shop, filter).count(db).await?)
}

/// Those of these SKUs that living variants of other products of the shop have.
pub(crate) async fn taken_skus(
    db: &Database,
    shop: ShopId,
    skus: &[&str],
    except: Option<ProductId>,
) -> Result<HashSet<String>, CatalogError> {
    use variant_row::Column::{ProductId, Sku};

    let mut variants = VARIANTS.for_shop(shop).filter(Sku.is_in(skus.iter().copied()));
    if let Some(product) = except {
        variants = variants.filter(ProductId.ne(product));
    }
    let taken = variants.select().select_only().column(Sku).into_tuple().all(&**db).await?;
    Ok(taken.into_iter().collect())
}

/// The products of a scope, each as it was at one moment.
async fn whole(
    db: &Database,
    shop: ShopId,
    products: &Products,
) -> Result<Vec<Product>, CatalogError> {
    let session = db.session();
    let rows = products.find_many(&session).await?;
    if let (mut own, true) = variants(session.reader(), shop, &rows).await? {
        return rows.into_iter().map(|row| product(row, &mut own)).collect();
    }
    // Torn apart by a writer: both again, at one moment.
    db.transaction_with(TransactionOptions::snapshot(), async |tx| {
        let rows = products.find_many(tx).await?;
        let (mut own, _) = variants(&**tx, shop, &rows).await?;
        rows.into_iter().map(|row| product(row, &mut own)).collect()
    })
    .await
}

type VariantsOf = HashMap<ProductId, Vec<variant_row::Model>>;

/// A variant, and the version that its product has at the same moment.
#[derive(FromQueryResult)]
struct VariantOfVersion {
    #[sea_orm(nested)]
    row: variant_row::Model,
    product_version: i32,
}

/// The variants of products: one more statement. And whether they belong to these versions of the
/// products: they do not when a writer came between the two.
async fn variants(
    db: &impl ConnectionTrait,
    shop: ShopId,
    products: &[product_row::Model],
) -> Result<(VariantsOf, bool), CatalogError> {
    let mut found = VariantsOf::with_capacity(products.len());
    if products.is_empty() {
        return Ok((found, true));
    }
    let owner = (variant_row::Entity, variant_row::Column::ProductId);
    let mut select = VARIANTS
        .for_shop(shop)
        .filter(variant_row::Column::ProductId.is_in(products.iter().map(|row| row.id)))
        .sort(Sort::asc(variant_row::Column::Position))
        .select()
        .column_as(product_row::Column::Version, "product_version");
    QueryTrait::query(&mut select).inner_join(
        product_row::Entity,
        Expr::col(owner).equals((product_row::Entity, product_row::Column::Id)),
    );
    let mut versions = HashMap::with_capacity(products.len());
    for variant in select.into_model::<VariantOfVersion>().all(db).await? {
        versions.insert(variant.row.product_id, variant.product_version);
        found.entry(variant.row.product_id).or_default().push(variant.row);
    }
    // Every product has variants; one without any was deleted meanwhile.
    let are_theirs = products.iter().all(|row| versions.get(&row.id) == Some(&row.version));
    Ok((found, are_theirs))
}

fn product(row: product_row::Model, variants: &mut VariantsOf) -> Result<Product, CatalogError> {
    let own = variants.remove(&row.id).unwrap_or_default();
    row.with_variants(own.into_iter().map(Variant::try_from).collect::<Result<_, _>>()?)
}
