//! What can be done to products.

use czo_core::{Currency, FieldErrorCode, RequestContext, ShopId};
use czo_repo::UnitOfWork;

use super::{Products, PutOutcome};
use crate::events::ProductDeleted;
use crate::hooks::{ProductChange, ProductRemoval};
use crate::product::{
    Handle, Product, ProductContent, ProductDraft, ProductPatch, handle_of, validate,
};
use crate::store::{self, ProductKey};
use crate::{CatalogError, ProductId};

impl Products {
    /// Creates a product. Publishes [`ProductCreated`](crate::events::ProductCreated), and [`ProductPublished`](crate::events::ProductPublished) if it is active.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Invalid`] with every field that is wrong, [`CatalogError::Taken`] when the
    /// handle or a SKU belongs to another, [`CatalogError::Hook`] when a hook of
    /// [`ProductCreate`](crate::hooks::ProductCreate) refused or failed.
    pub async fn create(
        &self,
        ctx: &RequestContext,
        draft: ProductDraft,
    ) -> Result<Product, CatalogError> {
        let access = self.write_access(ctx).await?;
        Ok(self.create_with(ctx, access, draft).await?.0)
    }

    /// What the hooks make of it, and whether it was written.
    async fn create_with(
        &self,
        ctx: &RequestContext,
        (shop, currency): (ShopId, Currency),
        draft: ProductDraft,
    ) -> Result<(Product, bool), CatalogError> {
        let mut is_written = false;
        let create = async |draft| {
            let content = validate(draft, currency).map_err(CatalogError::Invalid)?;
            let product = self.write(async |tx| self.insert(ctx, tx, shop, content).await).await?;
            is_written = true;
            Ok(product)
        };
        let product = self.hooks.create.run(ctx, draft, create).await?;
        Ok((product, is_written))
    }

    /// Changes a product, if it still has the version that the caller knew. Publishes
    /// [`ProductUpdated`](crate::events::ProductUpdated), and [`ProductPublished`](crate::events::ProductPublished) if it became active. A change that changes
    /// nothing leaves the version as it is and publishes nothing.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create), with the hooks of
    /// [`ProductUpdate`](crate::hooks::ProductUpdate), and [`CatalogError::NotFound`] and
    /// [`CatalogError::Conflict`].
    pub async fn update(
        &self,
        ctx: &RequestContext,
        id: ProductId,
        expected_version: Option<i32>,
        patch: ProductPatch,
    ) -> Result<Product, CatalogError> {
        let access = self.write_access(ctx).await?;
        let change = ProductChange { product_id: id, expected_version, patch };
        Ok(self.update_with(ctx, access, change).await?.0)
    }

    /// What the hooks make of it, and whether anything was written.
    async fn update_with(
        &self,
        ctx: &RequestContext,
        (shop, currency): (ShopId, Currency),
        change: ProductChange,
    ) -> Result<(Product, bool), CatalogError> {
        let mut is_written = false;
        let update = async |change: ProductChange| {
            let ProductChange { product_id, expected_version, patch } = change;
            let write = async |tx: &UnitOfWork| {
                let before = Self::existing(tx, shop, product_id, expected_version).await?;
                let content =
                    validate(patch.onto(&before), currency).map_err(CatalogError::Invalid)?;
                let after = self.replace(ctx, tx, &before, content).await?;
                let is_changed = after.is_some();
                Ok((after.unwrap_or(before), is_changed))
            };
            let (product, is_changed) = self.write(write).await?;
            is_written = is_changed;
            Ok(product)
        };
        let product = self.hooks.update.run(ctx, change, update).await?;
        Ok((product, is_written))
    }

    /// Makes the shop have exactly this product under its handle: creates it, changes it, or
    /// leaves it, and publishes accordingly. The outcome says what was written, whatever hooks
    /// make of the answer.
    ///
    /// Runs the hooks of creating or of updating it, which name no version; twice, if another
    /// creates or deletes the product at that moment. The handle is taken from `draft` as it is
    /// handed in; all else is validated after the hooks.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub async fn put(
        &self,
        ctx: &RequestContext,
        draft: ProductDraft,
    ) -> Result<PutOutcome, CatalogError> {
        let access = self.write_access(ctx).await?;
        match self.put_once(ctx, access, draft.clone()).await {
            // Another created it, or deleted it, between our look and our write: look again.
            Err(error) if lost_race_of_put(&error) => self.put_once(ctx, access, draft).await,
            outcome => outcome,
        }
    }

    async fn put_once(
        &self,
        ctx: &RequestContext,
        access: (ShopId, Currency),
        draft: ProductDraft,
    ) -> Result<PutOutcome, CatalogError> {
        if self.hooks.create.is_empty() && self.hooks.update.is_empty() {
            let content = validate(draft, access.1).map_err(CatalogError::Invalid)?;
            return self.put_content(ctx, access.0, content).await;
        }
        // The rest is validated as the hooks leave it.
        let handle = handle_of(draft.handle.as_deref(), &draft.title)
            .map_err(|message| CatalogError::field("handle", FieldErrorCode::Invalid, message))?;
        // Rare, and large: those who have no hooks are not to carry it.
        Box::pin(self.put_with(ctx, access, handle, draft)).await
    }

    /// Puts with hooks. Which they are must be known before the transaction, so this looks twice.
    /// Others may change the product between the looks: the put is of whatever it is then.
    async fn put_with(
        &self,
        ctx: &RequestContext,
        access: (ShopId, Currency),
        handle: Handle,
        draft: ProductDraft,
    ) -> Result<PutOutcome, CatalogError> {
        let key = ProductKey::Handle(handle.clone());
        let Some(before) = store::find(&self.context.database.primary(), access.0, &key).await?
        else {
            let (_, is_written) = self.create_with(ctx, access, draft).await?;
            return Ok(if is_written { PutOutcome::Created } else { PutOutcome::Unchanged });
        };
        // Named, since another may give it a new handle meanwhile.
        let draft = ProductDraft { handle: Some(handle.to_string()), ..draft };
        let change =
            ProductChange { product_id: before.id, expected_version: None, patch: draft.into() };
        let (_, is_written) = self.update_with(ctx, access, change).await?;
        Ok(if is_written { PutOutcome::Updated } else { PutOutcome::Unchanged })
    }

    /// Puts in one transaction.
    async fn put_content(
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
    /// [`CatalogError::NotFound`] and [`CatalogError::Conflict`], [`CatalogError::Hook`] when a
    /// hook of [`ProductDelete`](crate::hooks::ProductDelete) refused or failed.
    pub async fn delete(
        &self,
        ctx: &RequestContext,
        id: ProductId,
        expected_version: Option<i32>,
    ) -> Result<(), CatalogError> {
        let (shop, _) = self.write_access(ctx).await?;
        let delete = async |removal: ProductRemoval| {
            let ProductRemoval { product_id, expected_version } = removal;
            self.write(async |tx| {
                let product = Self::existing(tx, shop, product_id, expected_version).await?;
                store::delete(tx, &self.cached, &product).await?;
                let handle = product.handle.to_string();
                self.stage(ctx, tx, &ProductDeleted { product_id, handle });
                Ok(())
            })
            .await
        };
        let removal = ProductRemoval { product_id: id, expected_version };
        self.hooks.delete.run(ctx, removal, delete).await
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
