//! Products as the cache has them: for those who only look at them, and copy nothing.

use std::sync::Arc;

use czo_core::RequestContext;
use czo_repo::{Page, PageRequest};

use super::{ProductQuery, Products};
use crate::product::{Product, ProductStatus};
use crate::store::{self, ProductKey};
use crate::{CatalogError, ProductId, VariantId};

impl Products {
    /// As [`find`](Self::find) and [`find_by_handle`](Self::find_by_handle).
    pub(crate) async fn find_shared(
        &self,
        ctx: &RequestContext,
        key: &ProductKey,
    ) -> Result<Option<Arc<Product>>, CatalogError> {
        match self.cached.find(ctx.shop()?, key).await? {
            Some(product) if product.status == ProductStatus::Active => Ok(Some(product)),
            Some(product) => Ok(self.sees_all(ctx).await?.then_some(product)),
            None => Ok(None),
        }
    }

    /// As [`find_many`](Self::find_many).
    pub(crate) async fn find_many_shared(
        &self,
        ctx: &RequestContext,
        ids: &[ProductId],
    ) -> Result<Vec<Arc<Product>>, CatalogError> {
        let found = self.cached.find_by_ids(ctx.shop()?, ids).await?;
        self.visible(ctx, found).await
    }

    /// As [`find_of_variants`](Self::find_of_variants).
    pub(crate) async fn find_of_variants_shared(
        &self,
        ctx: &RequestContext,
        ids: &[VariantId],
    ) -> Result<Vec<Arc<Product>>, CatalogError> {
        let found = self.cached.find_of_variants(ctx.shop()?, ids).await?;
        self.visible(ctx, found).await
    }

    async fn visible(
        &self,
        ctx: &RequestContext,
        mut products: Vec<Arc<Product>>,
    ) -> Result<Vec<Arc<Product>>, CatalogError> {
        if !self.sees_all(ctx).await? {
            products.retain(|product| product.status == ProductStatus::Active);
        }
        Ok(products)
    }

    /// As [`page`](Self::page).
    pub(crate) async fn page_shared(
        &self,
        ctx: &RequestContext,
        query: &ProductQuery,
        request: &PageRequest,
    ) -> Result<Page<Arc<Product>>, CatalogError> {
        let filter = self.filter(ctx, query).await?;
        self.cached.page(ctx.shop()?, &filter, request).await
    }

    /// One page of the products that the caller may see, past the cache: who reads every product once
    /// is not to crowd out what others read often.
    pub(crate) async fn page_once(
        &self,
        ctx: &RequestContext,
        request: &PageRequest,
    ) -> Result<Page<Product>, CatalogError> {
        let filter = self.filter(ctx, &ProductQuery::default()).await?;
        store::page(&self.context.database, ctx.shop()?, &filter, request).await
    }
}
