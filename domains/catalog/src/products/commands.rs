//! What can be done to products.

use czo_core::{Currency, RequestContext, ShopId};

use super::{Products, PutOutcome};
use crate::events::ProductDeleted;
use crate::product::{Product, ProductContent, ProductDraft, ProductPatch, validate};
use crate::store::{self, ProductKey};
use crate::{CatalogError, ProductId};

impl Products {
    /// Creates a product. Publishes [`ProductCreated`](crate::events::ProductCreated), and [`ProductPublished`](crate::events::ProductPublished) if it is active.
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
    /// [`ProductUpdated`](crate::events::ProductUpdated), and [`ProductPublished`](crate::events::ProductPublished) if it became active. A change that changes
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
            let after = self.replace(ctx, tx, &before, content).await?;
            Ok(after.unwrap_or(before))
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
                self.insert(ctx, tx, shop, content).await?;
                return Ok(PutOutcome::Created);
            };
            let after = self.replace(ctx, tx, &before, content).await?;
            Ok(if after.is_some() { PutOutcome::Updated } else { PutOutcome::Unchanged })
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
            store::delete(tx, &product).await?;
            let handle = product.handle.to_string();
            self.stage(ctx, tx, &ProductDeleted { product_id: id, handle });
            Ok(())
        })
        .await
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
}

/// Whether a put failed because the product came or went between its look and its write.
fn lost_race_of_put(error: &CatalogError) -> bool {
    match error {
        CatalogError::NotFound { .. } | CatalogError::Conflict { .. } => true,
        CatalogError::Taken(fields) => fields.iter().any(|field| field.field == ["handle"]),
        _ => false,
    }
}
