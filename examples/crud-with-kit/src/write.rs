//! Writing products.

use crud_suite::variant_row::{ActiveModel, Column};
use crud_suite::{Product, ProductDraft, ProductId, VariantDraft, WriteProducts, product_row};
use czo_repo::{RepoError, TransactionOptions, UnitOfWork};
use sea_orm::{ColumnTrait, NotSet, Set};

use crate::Products;

/// Two that want the same rows make one of them wait; more, more.
const ATTEMPTS: u32 = 50;

impl WriteProducts for Products {
    async fn create(&self, draft: ProductDraft) -> Result<Product, RepoError> {
        let mut created = self.create_many(vec![draft]).await?;
        Ok(created.remove(0))
    }

    async fn create_many(&self, drafts: Vec<ProductDraft>) -> Result<Vec<Product>, RepoError> {
        let create = async |tx: &UnitOfWork| {
            let rows = drafts.iter().map(product_row::columns);
            let rows = self.products.create_many(tx, rows).await?;
            let variants = rows.iter().zip(&drafts);
            let variants = variants.flat_map(|(row, draft)| variant_rows(row.id, &draft.variants));
            self.variants.create_many(tx, variants).await?;
            self.whole(tx, rows).await
        };
        self.db.transaction(create).await
    }

    async fn update(
        &self,
        id: ProductId,
        expected: i32,
        draft: ProductDraft,
    ) -> Result<Product, RepoError> {
        let update = async |tx: &UnitOfWork| {
            let columns = product_row::columns(&draft);
            let row = self.products.update(tx, id, expected, columns).await?;
            let variants = self.variants.filter(Column::ProductId.eq(id));
            let before = variants.find_many(tx).await?;
            let wanted = variant_rows(id, &draft.variants);
            variants.replace(tx, &before, wanted, &[Column::Sku]).await?;
            Ok(row.with_variants(variants.find_many(tx).await?))
        };
        self.db.transaction(update).await
    }

    async fn delete(&self, id: ProductId, expected: i32) -> Result<(), RepoError> {
        let delete = async |tx: &UnitOfWork| {
            self.products.delete(tx, id, expected).await?;
            self.variants.filter(Column::ProductId.eq(id)).delete_many(tx).await?;
            Ok(())
        };
        self.db.transaction(delete).await
    }

    async fn restore(&self, id: ProductId) -> Result<Product, RepoError> {
        let restore = async |tx: &UnitOfWork| {
            let deleted = self.products.only_trashed().find_by_id(tx, id).await?;
            let row = self.products.restore(tx, id).await?;
            let variants = self.variants.filter(Column::ProductId.eq(id));
            if let Some(deleted_at) = deleted.and_then(|row| row.deleted_at) {
                // Those that were deleted with it, not before.
                variants.filter(Column::DeletedAt.eq(deleted_at)).restore_many(tx).await?;
            }
            Ok(row.with_variants(variants.find_many(tx).await?))
        };
        self.db.transaction(restore).await
    }

    async fn hard_delete(&self, id: ProductId) -> Result<(), RepoError> {
        let delete = async |tx: &UnitOfWork| self.products.hard_delete(tx, id).await.map(drop);
        self.db.transaction(delete).await
    }

    async fn swap_titles(&self, one: ProductId, other: ProductId) -> Result<(), RepoError> {
        let swap = async |tx: &UnitOfWork| {
            let first = self.products.get(tx, one).await?;
            let second = self.products.get(tx, other).await?;
            let title =
                |title| product_row::ActiveModel { title: Set(title), ..Default::default() };
            self.products.update(tx, one, first.version, title(second.title)).await?;
            self.products.update(tx, other, second.version, title(first.title)).await?;
            Ok(())
        };
        let options = TransactionOptions::serializable().attempts(ATTEMPTS);
        self.db.transaction_with(options, swap).await
    }
}

/// The rows of a product's variants.
fn variant_rows(product: ProductId, drafts: &[VariantDraft]) -> Vec<ActiveModel> {
    let row = |(draft, position): (&VariantDraft, i32)| ActiveModel {
        id: draft.id.map_or(NotSet, Set),
        product_id: Set(product),
        position: Set(position),
        sku: Set(draft.sku.clone()),
        price_minor: Set(draft.price_minor),
        ..Default::default()
    };
    drafts.iter().zip(0..).map(row).collect()
}
