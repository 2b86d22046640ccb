//! One write: a transaction, and the events that follow its commit.

use std::collections::HashMap;

use czo_core::{Event, FieldError, FieldErrorCode, RequestContext, ShopId};
use czo_repo::{DatabaseError, UnitOfWork};
use thiserror::Error;

use super::Products;
use crate::events::{ProductCreated, ProductPublished, ProductUpdated};
use crate::product::{Product, ProductContent, ProductStatus, Variant, VariantContent};
use crate::store::{self, ProductKey};
use crate::{CatalogError, ProductId, VariantId};

/// Why a write failed, and what is needed to explain it.
#[derive(Debug, Error)]
#[error("the product was not written")]
pub(super) struct WriteError {
    #[source]
    error: CatalogError,
    /// What was being written, where a SKU was taken.
    attempt: Option<Box<Attempt>>,
}

#[derive(Debug)]
struct Attempt {
    shop: ShopId,
    product: Option<ProductId>,
    skus: Vec<Option<String>>,
}

/// What was being written.
impl Attempt {
    fn of(shop: ShopId, product: Option<ProductId>, variants: &[Variant]) -> Self {
        Self { shop, product, skus: variants.iter().map(|variant| variant.sku.clone()).collect() }
    }

    /// The failure of this attempt.
    fn failed(self, error: CatalogError) -> WriteError {
        let is_sku = |field: &FieldError| field.field == ["variants"];
        let sku_taken = matches!(&error, CatalogError::Taken(fields) if fields.iter().any(is_sku));
        WriteError { error, attempt: sku_taken.then(|| Box::new(self)) }
    }
}

impl From<CatalogError> for WriteError {
    fn from(error: CatalogError) -> Self {
        Self { error, attempt: None }
    }
}

impl From<DatabaseError> for WriteError {
    fn from(error: DatabaseError) -> Self {
        CatalogError::from(error).into()
    }
}

impl Products {
    /// Runs `work` in one transaction, of which the events that it [stages](Self::stage) are rows.
    pub(super) async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&UnitOfWork) -> Result<T, WriteError> + Clone,
    ) -> Result<T, CatalogError> {
        match self.context.database.transaction(work).await {
            Ok(value) => Ok(value),
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// The error for the caller. A SKU that is taken is looked for, so that it can be named.
    async fn explain(&self, error: WriteError) -> CatalogError {
        let Some(attempt) = error.attempt else { return error.error };
        let skus: Vec<_> = attempt.skus.iter().flatten().map(String::as_str).collect();
        let database = &self.context.database;
        let taken = store::taken_skus(database, attempt.shop, &skus, attempt.product).await;
        let Ok(taken) = taken else { return error.error };
        let places = attempt.skus.iter().enumerate();
        let fields: Vec<_> = places
            .filter_map(|(place, sku)| {
                Some((place, sku.as_ref().filter(|sku| taken.contains(*sku))?))
            })
            .map(|(place, sku)| {
                let message = format!("another variant of the shop has the SKU `{sku}`");
                FieldError::new(&format!("variants.{place}.sku"), FieldErrorCode::Taken, message)
            })
            .collect();
        // It may have been given up meanwhile.
        if fields.is_empty() { error.error } else { CatalogError::Taken(fields) }
    }

    pub(super) async fn existing(
        tx: &UnitOfWork,
        shop: ShopId,
        id: ProductId,
        expected_version: Option<i32>,
    ) -> Result<Product, CatalogError> {
        let product = store::find_to_write(tx, shop, &ProductKey::Id(id)).await?;
        let Some(product) = product else { return Err(CatalogError::NotFound { id }) };
        match expected_version {
            Some(expected) if expected != product.version => {
                Err(CatalogError::Conflict { id, expected, actual: product.version })
            }
            _ => Ok(product),
        }
    }

    pub(super) async fn insert(
        &self,
        ctx: &RequestContext,
        tx: &UnitOfWork,
        shop: ShopId,
        content: ProductContent,
    ) -> Result<Product, WriteError> {
        let variants = self.variants(content.variants.clone(), &[]);
        let attempt = Attempt::of(shop, None, &variants);
        let product = store::insert(tx, &self.cached, shop, content, variants).await;
        let product = product.map_err(|error| attempt.failed(error))?;

        self.stage_thumbnails(ctx, tx, shop, &product.images).await?;
        let handle = product.handle.to_string();
        let (product_id, title) = (product.id, product.title.clone());
        self.stage(ctx, tx, &ProductCreated { product_id, handle, title });
        self.stage_published(ctx, tx, &product, ProductStatus::Draft);
        Ok(product)
    }

    /// The product as it is then; `None` when it is so already.
    pub(super) async fn replace(
        &self,
        ctx: &RequestContext,
        tx: &UnitOfWork,
        before: &Product,
        content: ProductContent,
    ) -> Result<Option<Product>, WriteError> {
        let changed = content.changed_since(&ProductContent::from(before));
        if changed.is_empty() {
            return Ok(None);
        }
        let variants = self.variants(content.variants.clone(), &before.variants);
        let attempt = Attempt::of(before.shop_id, Some(before.id), &variants);
        let after = store::update(tx, &self.cached, before, content, variants).await;
        let after = after.map_err(|error| attempt.failed(error))?;

        if after.images != before.images {
            self.stage_thumbnails(ctx, tx, after.shop_id, &after.images).await?;
        }
        let updated = ProductUpdated {
            product_id: after.id,
            handle: after.handle.to_string(),
            version: after.version,
            changed,
        };
        self.stage(ctx, tx, &updated);
        self.stage_published(ctx, tx, &after, before.status);
        Ok(Some(after))
    }

    /// The variants of `contents`: one with the option values of an `existing` one is that one,
    /// changed; any other is new.
    fn variants(&self, contents: Vec<VariantContent>, existing: &[Variant]) -> Vec<Variant> {
        let ids: HashMap<_, _> =
            existing.iter().map(|variant| (&variant.option_values, variant.id)).collect();
        contents
            .into_iter()
            .map(|content| {
                let known = ids.get(&content.option_values).copied();
                let id = known.unwrap_or_else(|| VariantId::generate(&*self.context.ids));
                content.into_variant(id)
            })
            .collect()
    }

    /// [`ProductPublished`], if the product is active and was not.
    fn stage_published(
        &self,
        ctx: &RequestContext,
        tx: &UnitOfWork,
        product: &Product,
        before: ProductStatus,
    ) {
        if product.status == ProductStatus::Active && before != ProductStatus::Active {
            let event = ProductPublished {
                product_id: product.id,
                handle: product.handle.to_string(),
                title: product.title.clone(),
            };
            self.stage(ctx, tx, &event);
        }
    }

    pub(super) fn stage<E: Event>(&self, ctx: &RequestContext, tx: &UnitOfWork, payload: &E) {
        let staged = self.events.stage(tx, ctx, payload);
        staged.expect(
            "`Catalog::events` lists them all, and ids, texts and numbers have a JSON form",
        );
    }
}
