//! The application service: whatever is done to products is done here.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use czo_core::{
    Currency, DomainEvent, Event, EventFactory, FieldError, FieldErrorCode, Permission,
    PermissionServiceExt, RequestContext, ShopId,
};
use czo_domain::{DomainContext, DomainName};
use czo_repo::PageRequest;
use sea_orm::DatabaseTransaction;
use tracing::Instrument;

use crate::events::{ProductCreated, ProductDeleted, ProductPublished, ProductUpdated};
use crate::product::{
    Handle, Product, ProductContent, ProductDraft, ProductPatch, ProductStatus, Stamp, Variant,
    VariantContent, validate,
};
use crate::store::{self, ProductFilter, ProductKey};
use crate::{CatalogError, ProductId, VariantId};

/// The name of this domain.
pub(crate) const CATALOG: DomainName = DomainName::new("catalog");

/// Lets somebody see products that visitors don't.
pub const PRODUCT_READ: Permission = Permission::new("product", "read");
/// Lets somebody create, change and delete products.
pub const PRODUCT_WRITE: Permission = Permission::new("product", "write");

/// The products of every shop. Cheap to clone; GraphQL, REST, the command line and tests all
/// come through here.
///
/// Reading is open to visitors, who see active products only; whoever has [`PRODUCT_READ`] sees
/// all. Writing needs [`PRODUCT_WRITE`]. A write is one transaction; its events are published
/// right after the commit, also when whoever asked has gone meanwhile. **Limit**: events are lost
/// when the process dies between the two, or when the bus refuses them, which is logged (the
/// outbox will close that gap).
#[derive(Clone, Debug)]
pub struct Products {
    context: Arc<DomainContext>,
    events: EventFactory,
}

/// Which products of a shop are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductQuery {
    /// Only those of this status.
    pub status: Option<ProductStatus>,
    /// Only those with this tag.
    pub tag: Option<String>,
}

/// One page of products, newest first.
#[derive(Clone, Debug)]
pub struct ProductPage {
    /// The products.
    pub products: Vec<Product>,
    /// Whether there are newer ones before them.
    pub has_previous: bool,
    /// Whether there are older ones after them.
    pub has_next: bool,
}

/// What putting a product did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// There was none of this handle.
    Created,
    /// There was one, and it differed.
    Updated,
    /// There was one, and it was the same already.
    Unchanged,
}

/// Why a write failed, and what is needed to explain it.
struct WriteError {
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

/// Whether a put failed because the product came or went between its look and its write.
fn lost_race_of_put(error: &CatalogError) -> bool {
    match error {
        CatalogError::NotFound { .. } | CatalogError::Conflict { .. } => true,
        CatalogError::Taken(fields) => fields.iter().any(|field| field.field == ["handle"]),
        _ => false,
    }
}

impl Products {
    /// The service on what a domain is handed.
    #[must_use]
    pub fn new(context: &DomainContext) -> Self {
        Self { events: context.events(CATALOG), context: Arc::new(context.clone()) }
    }

    /// The product of this id, if the caller may see it.
    ///
    /// # Errors
    ///
    /// When the database or the permissions fail, or no shop is named.
    pub async fn find(
        &self,
        ctx: &RequestContext,
        id: ProductId,
    ) -> Result<Option<Product>, CatalogError> {
        self.find_by(ctx, &ProductKey::Id(id)).await
    }

    /// The product of this handle, if the caller may see it.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub async fn find_by_handle(
        &self,
        ctx: &RequestContext,
        handle: &Handle,
    ) -> Result<Option<Product>, CatalogError> {
        self.find_by(ctx, &ProductKey::Handle(handle.clone())).await
    }

    async fn find_by(
        &self,
        ctx: &RequestContext,
        key: &ProductKey,
    ) -> Result<Option<Product>, CatalogError> {
        let found = store::find(&*self.context.database, ctx.shop()?, key).await?;
        match found {
            Some(product) if product.status == ProductStatus::Active => Ok(Some(product)),
            Some(product) => Ok(self.sees_all(ctx).await?.then_some(product)),
            None => Ok(None),
        }
    }

    /// Those of these products that the caller may see, in no particular order.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub async fn find_many(
        &self,
        ctx: &RequestContext,
        ids: &[ProductId],
    ) -> Result<Vec<Product>, CatalogError> {
        let found = store::find_by_ids(&*self.context.database, ctx.shop()?, ids).await?;
        self.visible(ctx, found).await
    }

    /// Those products that have these variants and that the caller may see, in no particular
    /// order.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub async fn find_of_variants(
        &self,
        ctx: &RequestContext,
        ids: &[VariantId],
    ) -> Result<Vec<Product>, CatalogError> {
        let found = store::find_of_variants(&*self.context.database, ctx.shop()?, ids).await?;
        self.visible(ctx, found).await
    }

    async fn visible(
        &self,
        ctx: &RequestContext,
        mut products: Vec<Product>,
    ) -> Result<Vec<Product>, CatalogError> {
        if !self.sees_all(ctx).await? {
            products.retain(|product| product.status == ProductStatus::Active);
        }
        Ok(products)
    }

    /// One page of the products that the caller may see, newest first.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find), and [`CatalogError::Invalid`] for a tag that can't be one.
    pub async fn page(
        &self,
        ctx: &RequestContext,
        query: &ProductQuery,
        request: &PageRequest<ProductId>,
    ) -> Result<ProductPage, CatalogError> {
        let filter = self.filter(ctx, query).await?;
        let page = store::page(&*self.context.database, ctx.shop()?, &filter, request).await?;
        Ok(ProductPage {
            products: page.products,
            has_previous: page.has_previous,
            has_next: page.has_next,
        })
    }

    /// How many of these products the caller may see.
    ///
    /// # Errors
    ///
    /// As [`page`](Self::page).
    pub async fn count(
        &self,
        ctx: &RequestContext,
        query: &ProductQuery,
    ) -> Result<u64, CatalogError> {
        let filter = self.filter(ctx, query).await?;
        store::count(&*self.context.database, ctx.shop()?, &filter).await
    }

    async fn filter(
        &self,
        ctx: &RequestContext,
        query: &ProductQuery,
    ) -> Result<ProductFilter, CatalogError> {
        if query.tag.as_ref().is_some_and(|tag| tag.contains(char::is_control)) {
            let message = "expected a tag without control characters";
            return Err(CatalogError::field("tag", FieldErrorCode::Invalid, message));
        }
        Ok(ProductFilter {
            status: query.status,
            tag: query.tag.clone(),
            only_active: !self.sees_all(ctx).await?,
        })
    }

    async fn sees_all(&self, ctx: &RequestContext) -> Result<bool, CatalogError> {
        let permissions = &self.context.permissions;
        Ok(permissions.allows(&ctx.actor, &PRODUCT_READ, ctx.shop_id).await?)
    }

    /// Refuses whoever may not write products.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Permission`].
    pub async fn require_write(&self, ctx: &RequestContext) -> Result<(), CatalogError> {
        Ok(self.context.permissions.require(ctx, &PRODUCT_WRITE).await?)
    }

    /// Creates a product. Publishes [`ProductCreated`], and [`ProductPublished`] if it is active.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Invalid`] with every field that is wrong, [`CatalogError::Taken`] when the
    /// handle or a SKU belongs to another.
    pub async fn create(
        &self,
        ctx: &RequestContext,
        draft: ProductDraft,
    ) -> Result<Product, CatalogError> {
        let (shop, currency) = self.write_access(ctx).await?;
        let content = validate(draft, currency).map_err(CatalogError::Invalid)?;
        self.write(async |tx| self.insert(ctx, tx, shop, content).await).await
    }

    /// Changes a product, if it still has the version that the caller knew. Publishes
    /// [`ProductUpdated`], and [`ProductPublished`] if it became active. A change that changes
    /// nothing leaves the version as it is and publishes nothing.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create), and [`CatalogError::NotFound`] and
    /// [`CatalogError::Conflict`].
    pub async fn update(
        &self,
        ctx: &RequestContext,
        id: ProductId,
        expected_version: Option<i32>,
        patch: ProductPatch,
    ) -> Result<Product, CatalogError> {
        let (shop, currency) = self.write_access(ctx).await?;
        self.write(async |tx| {
            let before = Self::existing(tx, shop, id, expected_version).await?;
            let content = validate(patch.onto(&before), currency).map_err(CatalogError::Invalid)?;
            self.replace(ctx, tx, before, content).await
        })
        .await
    }

    /// Makes the shop have exactly this product under its handle: creates it, changes it, or
    /// leaves it, and publishes accordingly.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub async fn put(
        &self,
        ctx: &RequestContext,
        draft: ProductDraft,
    ) -> Result<PutOutcome, CatalogError> {
        let (shop, currency) = self.write_access(ctx).await?;
        let content = validate(draft, currency).map_err(CatalogError::Invalid)?;
        let first = self.put_once(ctx, shop, content.clone()).await;
        match first {
            // Another created it, or deleted it, between our look and our write: look again.
            Err(error) if lost_race_of_put(&error) => self.put_once(ctx, shop, content).await,
            outcome => outcome,
        }
    }

    async fn put_once(
        &self,
        ctx: &RequestContext,
        shop: ShopId,
        content: ProductContent,
    ) -> Result<PutOutcome, CatalogError> {
        self.write(async |tx| {
            let key = ProductKey::Handle(content.handle.clone());
            let Some(before) = store::find_to_write(tx, shop, &key).await? else {
                let (_, events) = self.insert(ctx, tx, shop, content).await?;
                return Ok((PutOutcome::Created, events));
            };
            let (_, events) = self.replace(ctx, tx, before, content).await?;
            let outcome =
                if events.is_empty() { PutOutcome::Unchanged } else { PutOutcome::Updated };
            Ok((outcome, events))
        })
        .await
    }

    /// Deletes a product; its handle and SKUs may be used again. Publishes [`ProductDeleted`].
    ///
    /// # Errors
    ///
    /// [`CatalogError::NotFound`] and [`CatalogError::Conflict`].
    pub async fn delete(
        &self,
        ctx: &RequestContext,
        id: ProductId,
        expected_version: Option<i32>,
    ) -> Result<(), CatalogError> {
        let (shop, _) = self.write_access(ctx).await?;
        self.write(async |tx| {
            let product = Self::existing(tx, shop, id, expected_version).await?;
            store::delete(tx, &product, self.now()).await?;
            let handle = product.handle.to_string();
            let event = self.event(ctx, &ProductDeleted { product_id: id, handle });
            Ok(((), vec![event]))
        })
        .await
    }

    pub(crate) fn context(&self) -> &DomainContext {
        &self.context
    }

    /// The currency of the shop, for whoever may write in it.
    pub(crate) async fn currency_to_write(
        &self,
        ctx: &RequestContext,
    ) -> Result<Currency, CatalogError> {
        Ok(self.write_access(ctx).await?.1)
    }

    /// The shop and its currency, for whoever may write in it.
    async fn write_access(&self, ctx: &RequestContext) -> Result<(ShopId, Currency), CatalogError> {
        self.require_write(ctx).await?;
        let shop = ctx.shop()?;
        let found = self.context.shops.find(shop).await?;
        Ok((shop, found.ok_or(czo_core::NoShop)?.currency))
    }

    /// Runs `work` in one transaction, and publishes its events once it is committed.
    ///
    /// Commit and publishing are a task of their own: a caller that goes away in between must not
    /// take the events of a write that stands with it.
    async fn write<T>(
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

    async fn existing(
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

    async fn insert(
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

    async fn replace(
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

    fn event<E: Event>(&self, ctx: &RequestContext, payload: &E) -> DomainEvent {
        self.events.event(ctx, payload).expect("ids, texts and numbers have a JSON form")
    }

    /// Now, as exactly as both databases keep it.
    fn now(&self) -> DateTime<Utc> {
        self.context.clock.now().trunc_subsecs(6)
    }
}
