//! The application service: whatever is done to products is done here.

mod commands;
mod shared;
mod transaction;

use std::sync::Arc;

use czo_core::{FieldErrorCode, Permission, PermissionServiceExt, RequestContext};
use czo_domain::{DomainContext, DomainEvents, DomainName};
use czo_repo::{Page, PageRequest};

use crate::hooks::ProductHooks;
use crate::product::{Handle, Product, ProductStatus};
use crate::store::{CachedProducts, ProductFilter, ProductKey};
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
/// all. Writing needs [`PRODUCT_WRITE`]. A write is one transaction, and its events are rows of it:
/// once it is committed they arrive at least once, those of a product in the order of its writes.
///
/// Reads go through the cache of the program, and a read that begins after a write has returned sees
/// it; the [crate's documentation](crate) says what is kept and what the limits are.
///
/// Others take part in writes by [hooks](crate::hooks).
#[derive(Clone, Debug)]
pub struct Products {
    context: Arc<DomainContext>,
    events: DomainEvents,
    hooks: ProductHooks,
    cached: Arc<CachedProducts>,
}

/// Which products of a shop are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductQuery {
    /// Only those of this status.
    pub status: Option<ProductStatus>,
    /// Only those with this tag.
    pub tag: Option<String>,
}

/// What putting a product did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// There was none of this handle.
    Created,
    /// There was one, and it differed.
    Updated,
    /// There was one, and it was the same already; or a hook answered for a write that failed.
    Unchanged,
}

impl Products {
    /// The service on what a domain is handed.
    #[must_use]
    pub fn new(context: &DomainContext) -> Self {
        let mut context = context.clone();
        let (clock, ids) = (context.clock.clone(), context.ids.clone());
        context.database = context.database.with_clock(clock).with_ids(ids);
        let hooks = ProductHooks::of(&context.hooks);
        let cached = Arc::new(CachedProducts::new(&context.cache, &context.database));
        Self { events: context.events(CATALOG), context: Arc::new(context), hooks, cached }
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
        let found = self.find_shared(ctx, &ProductKey::Id(id)).await?;
        Ok(found.map(Arc::unwrap_or_clone))
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
        let found = self.find_shared(ctx, &ProductKey::Handle(handle.clone())).await?;
        Ok(found.map(Arc::unwrap_or_clone))
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
        let found = self.find_many_shared(ctx, ids).await?;
        Ok(found.into_iter().map(Arc::unwrap_or_clone).collect())
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
        let found = self.find_of_variants_shared(ctx, ids).await?;
        Ok(found.into_iter().map(Arc::unwrap_or_clone).collect())
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
        request: &PageRequest,
    ) -> Result<Page<Product>, CatalogError> {
        Ok(self.page_shared(ctx, query, request).await?.map(Arc::unwrap_or_clone))
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
        self.cached.count(ctx.shop()?, &filter).await
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

    pub(crate) fn cached(&self) -> &Arc<CachedProducts> {
        &self.cached
    }

    pub(crate) fn context(&self) -> &DomainContext {
        &self.context
    }
}
