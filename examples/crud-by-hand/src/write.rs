//! Writing products.

use chrono::{DateTime, Utc};
use crud_suite::{
    Product, ProductDraft, ProductFilter, ProductId, Trashed, WriteProducts, product_row,
    variant_row,
};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, IsolationLevel, QueryFilter,
    QuerySelect, Select, Set, UpdateMany,
};

use crate::transaction::Attempts;
use crate::{Products, StoreError};
use crud_suite::product_row::{ActiveModel, Column, Entity, Model};

/// Rows per statement: 10 columns each, far below the 32,766 values that SQLite binds.
const ROWS_PER_STATEMENT: usize = 2_000;

/// Two that want the same rows make one of them wait; more, more.
const SWAP: Attempts = Attempts { isolation: Some(IsolationLevel::Serializable), most: 50 };

impl WriteProducts for Products {
    async fn create(&self, draft: ProductDraft) -> Result<Product, StoreError> {
        let mut created = self.create_many(vec![draft]).await?;
        Ok(created.remove(0))
    }

    async fn create_many(&self, drafts: Vec<ProductDraft>) -> Result<Vec<Product>, StoreError> {
        self.transaction(Attempts::default(), async |tx| self.insert(tx, &drafts).await).await
    }

    async fn update(
        &self,
        id: ProductId,
        expected: i32,
        draft: ProductDraft,
    ) -> Result<Product, StoreError> {
        self.transaction(Attempts::default(), async |tx| {
            let update = Entity::update_many().set(product_row::columns(&draft));
            let row = self.write_version(tx, id, expected, update).await?;
            let wanted = self.variant_rows(id, &draft.variants);
            self.replace_variants(tx, id, &wanted, row.updated_at).await?;
            Ok(row.with_variants(wanted))
        })
        .await
    }

    async fn delete(&self, id: ProductId, expected: i32) -> Result<(), StoreError> {
        self.transaction(Attempts::default(), async |tx| {
            let now = self.now();
            let update = Entity::update_many().col_expr(Column::DeletedAt, Expr::value(now));
            self.write_version(tx, id, expected, update).await?;
            self.delete_variants(tx, variant_row::Column::ProductId.eq(id), now).await
        })
        .await
    }

    async fn restore(&self, id: ProductId) -> Result<Product, StoreError> {
        self.transaction(Attempts::default(), async |tx| {
            let Some(row) = self.one(id).lock_exclusive().one(tx).await? else {
                return Err(StoreError::NotFound { id });
            };
            let row = match row.deleted_at {
                Some(_) => self.restore_deleted(tx, row).await?,
                None => row,
            };
            let variants = self.variants_of(&[id]).all(tx).await?;
            Ok(row.with_variants(variants))
        })
        .await
    }

    async fn hard_delete(&self, id: ProductId) -> Result<(), StoreError> {
        self.transaction(Attempts::default(), async |tx| {
            let delete = Entity::delete_many()
                .filter(Column::ShopId.eq(self.shop))
                .filter(Column::Id.eq(id));
            match delete.exec(tx).await?.rows_affected {
                0 => Err(StoreError::NotFound { id }),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn swap_titles(&self, one: ProductId, other: ProductId) -> Result<(), StoreError> {
        self.transaction(SWAP, async |tx| {
            let first = self.get(tx, one).await?;
            let second = self.get(tx, other).await?;
            let title = |title: String| {
                Entity::update_many().set(ActiveModel { title: Set(title), ..Default::default() })
            };
            self.write_version(tx, one, first.version, title(second.title)).await?;
            self.write_version(tx, other, second.version, title(first.title)).await?;
            Ok(())
        })
        .await
    }
}

impl Products {
    /// Inserts new products with their variants, in portions.
    async fn insert(
        &self,
        tx: &impl ConnectionTrait,
        drafts: &[ProductDraft],
    ) -> Result<Vec<Product>, StoreError> {
        let now = self.now();
        let mut created = Vec::with_capacity(drafts.len());
        let mut variants = Vec::new();
        for drafts in drafts.chunks(ROWS_PER_STATEMENT) {
            let rows: Vec<_> = drafts.iter().map(|draft| self.product_row(draft, now)).collect();
            Entity::insert_many(rows.iter().map(|row| row.clone().into_active_model()))
                .exec_without_returning(tx)
                .await
                .map_err(|error| StoreError::of_write("product", error))?;
            for (row, draft) in rows.into_iter().zip(drafts) {
                let own = self.variant_rows(row.id, &draft.variants);
                variants.extend_from_slice(&own);
                created.push(row.with_variants(own));
            }
        }
        self.insert_variants(tx, &variants, None).await?;
        Ok(created)
    }

    /// The row of a new product.
    fn product_row(&self, draft: &ProductDraft, now: DateTime<Utc>) -> Model {
        Model {
            id: ProductId::generate(&*self.ids),
            shop_id: self.shop,
            handle: draft.handle.clone(),
            title: draft.title.clone(),
            status: draft.status,
            tags: draft.tags.clone(),
            version: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        }
    }

    /// The row of a product, deleted or not.
    fn one(&self, id: ProductId) -> Select<Entity> {
        let all = ProductFilter { trashed: Trashed::With, ..ProductFilter::default() };
        self.matching(&all).filter(Column::Id.eq(id))
    }

    /// The row of a product that is not deleted.
    async fn get(&self, tx: &impl ConnectionTrait, id: ProductId) -> Result<Model, StoreError> {
        match self.one(id).one(tx).await? {
            Some(row) if row.deleted_at.is_none() => Ok(row),
            Some(_) => Err(StoreError::Deleted { id }),
            None => Err(StoreError::NotFound { id }),
        }
    }

    /// Counts a change of rows, stamps it, and makes it.
    async fn write(
        &self,
        tx: &impl ConnectionTrait,
        update: UpdateMany<Entity>,
    ) -> Result<Option<Model>, StoreError> {
        let rows = update
            .col_expr(Column::Version, Expr::col(Column::Version).add(1))
            .col_expr(Column::UpdatedAt, Expr::value(self.now()))
            .filter(Column::ShopId.eq(self.shop))
            .exec_with_returning(tx)
            .await
            .map_err(|error| StoreError::of_write("product", error))?;
        Ok(rows.into_iter().next())
    }

    /// Runs an update on one product, if it has the expected version, and says why not if not.
    async fn write_version(
        &self,
        tx: &impl ConnectionTrait,
        id: ProductId,
        expected: i32,
        update: UpdateMany<Entity>,
    ) -> Result<Model, StoreError> {
        let update = update
            .filter(Column::Id.eq(id))
            .filter(Column::Version.eq(expected))
            .filter(Column::DeletedAt.is_null());
        match self.write(tx, update).await? {
            Some(row) => Ok(row),
            None => {
                let actual = self.get(tx, id).await?.version;
                Err(StoreError::Conflict { id, expected, actual })
            }
        }
    }

    /// Brings a deleted product back, with the variants that were deleted with it.
    async fn restore_deleted(
        &self,
        tx: &impl ConnectionTrait,
        deleted: Model,
    ) -> Result<Model, StoreError> {
        let restore = Entity::update_many()
            .col_expr(Column::DeletedAt, Expr::value(None::<DateTime<Utc>>))
            .filter(Column::Id.eq(deleted.id));
        let restored = self.write(tx, restore).await?;
        let restored = restored.ok_or(StoreError::NotFound { id: deleted.id })?;
        variant_row::Entity::update_many()
            .col_expr(variant_row::Column::DeletedAt, Expr::value(None::<DateTime<Utc>>))
            .filter(variant_row::Column::ProductId.eq(deleted.id))
            .filter(variant_row::Column::DeletedAt.eq(deleted.deleted_at))
            .exec(tx)
            .await
            .map_err(|error| StoreError::of_write("variant", error))?;
        Ok(restored)
    }
}
