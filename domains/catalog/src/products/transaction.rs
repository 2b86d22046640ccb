//! One write: a transaction, and the events that follow it.

use std::collections::HashMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use czo_core::{DomainEvent, Event, FieldError, FieldErrorCode, RequestContext, ShopId};
use sea_orm::DatabaseTransaction;
use tracing::Instrument;

use super::Products;
use crate::events::{ProductCreated, ProductPublished, ProductUpdated};
use crate::product::{Product, ProductContent, ProductStatus, Stamp, Variant, VariantContent};
use crate::store::{self, ProductKey};
use crate::{CatalogError, ProductId, VariantId};

/// Why a write failed, and what is needed to explain it.
pub(super) struct WriteError {
    error: CatalogError,
    /// What was being written, where a SKU was taken.
    attempt: Option<Attempt>,
}

struct Attempt {
    shop: ShopId,
    product: Option<ProductId>,
    skus: Vec<Option<String>>,
}

impl WriteError {
    fn of(error: CatalogError, product: &Product, existing: Option<ProductId>) -> Self {
        let is_sku = |field: &FieldError| field.field == ["variants"];
        let sku_taken = matches!(&error, CatalogError::Taken(fields) if fields.iter().any(is_sku));
        let attempt = sku_taken.then(|| Attempt {
            shop: product.shop_id,
            product: existing,
            skus: product.variants.iter().map(|variant| variant.sku.clone()).collect(),
        });
        Self { error, attempt }
    }
}

impl<E: Into<CatalogError>> From<E> for WriteError {
    fn from(error: E) -> Self {
        Self { error: error.into(), attempt: None }
    }
}

impl Products {
    /// Runs `work` in one transaction, and publishes its events once it is committed.
    ///
    /// Commit and publishing are a task of their own: a caller that goes away in between must not
    /// take the events of a write that stands with it.
    pub(super) async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<(T, Vec<DomainEvent>), WriteError>,
    ) -> Result<T, CatalogError> {
        let tx = self.context.database.begin_write().await?;
        let (value, events) = match work(&tx).await {
            Ok(done) => done,
            Err(error) => {
                tx.rollback().await?;
                return Err(self.explain(error).await);
            }
        };
        let bus = self.context.bus.clone();
        let finish = async move {
            tx.commit().await?;
            if !events.is_empty()
                && let Err(error) = bus.publish_batch(events).await
            {
                // The write stands; saying that it failed would be the greater lie.
                tracing::error!(%error, "events of a committed write were not published");
            }
            Ok::<_, CatalogError>(())
        };
        match tokio::spawn(finish.in_current_span()).await {
            Ok(finished) => finished.map(|()| value),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(CatalogError::Interrupted),
            },
        }
    }

    /// The error for the caller. A SKU that is taken is looked for, so that it can be named.
    async fn explain(&self, error: WriteError) -> CatalogError {
        let Some(attempt) = error.attempt else { return error.error };
        let skus: Vec<_> = attempt.skus.iter().flatten().map(String::as_str).collect();
        let database = &*self.context.database;
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
        tx: &DatabaseTransaction,
        shop: ShopId,
        id: ProductId,
        expected_version: Option<i32>,
    ) -> Result<Product, CatalogError> {
        let product = store::find_to_write(tx, shop, &ProductKey::Id(id))
            .await?
            .ok_or(CatalogError::NotFound { id })?;
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
        tx: &DatabaseTransaction,
        shop: ShopId,
        content: ProductContent,
    ) -> Result<(Product, Vec<DomainEvent>), WriteError> {
        let now = self.now();
        let id = ProductId::generate(&*self.context.ids);
        let variants = self.variants(content.variants.clone(), &[]);
        let product = content.into_product(Stamp {
            id,
            shop_id: shop,
            version: 1,
            created_at: now,
            updated_at: now,
            variants,
        });
        store::insert(tx, &product).await.map_err(|error| WriteError::of(error, &product, None))?;

        let handle = product.handle.to_string();
        let title = product.title.clone();
        let mut events = vec![self.event(ctx, &ProductCreated { product_id: id, handle, title })];
        events.extend(self.published(ctx, &product, ProductStatus::Draft));
        Ok((product, events))
    }

    pub(super) async fn replace(
        &self,
        ctx: &RequestContext,
        tx: &DatabaseTransaction,
        before: Product,
        content: ProductContent,
    ) -> Result<(Product, Vec<DomainEvent>), WriteError> {
        let changed = content.changed_since(&ProductContent::from(&before));
        if changed.is_empty() {
            return Ok((before, Vec::new()));
        }
        let variants = self.variants(content.variants.clone(), &before.variants);
        let after = content.into_product(Stamp {
            id: before.id,
            shop_id: before.shop_id,
            version: before.version + 1,
            created_at: before.created_at,
            // Never earlier than what it replaces, whatever the clocks of two servers say: readers
            // tell by it whether product and variants belong together.
            updated_at: self.now().max(before.updated_at + TimeDelta::microseconds(1)),
            variants,
        });
        store::update(tx, &before, &after)
            .await
            .map_err(|error| WriteError::of(error, &after, Some(after.id)))?;

        let updated = ProductUpdated {
            product_id: after.id,
            handle: after.handle.to_string(),
            version: after.version,
            changed,
        };
        let mut events = vec![self.event(ctx, &updated)];
        events.extend(self.published(ctx, &after, before.status));
        Ok((after, events))
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
    fn published(
        &self,
        ctx: &RequestContext,
        product: &Product,
        before: ProductStatus,
    ) -> Option<DomainEvent> {
        let became_active =
            product.status == ProductStatus::Active && before != ProductStatus::Active;
        became_active.then(|| {
            let event = ProductPublished {
                product_id: product.id,
                handle: product.handle.to_string(),
                title: product.title.clone(),
            };
            self.event(ctx, &event)
        })
    }

    pub(super) fn event<E: Event>(&self, ctx: &RequestContext, payload: &E) -> DomainEvent {
        self.events.event(ctx, payload).expect("ids, texts and numbers have a JSON form")
    }

    /// Now, as exactly as both databases keep it.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.context.clock.now().trunc_subsecs(6)
    }
}
