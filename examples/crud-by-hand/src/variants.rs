//! The variants of a product: from what they are to what they are to be.

use chrono::{DateTime, Utc};
use crud_suite::{ProductId, VariantDraft, VariantId};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::{Products, StoreError};
use crud_suite::variant_row::{Column, Entity, Model};

/// Rows per statement: 7 columns each, far below the 32,766 values that SQLite binds.
const ROWS_PER_STATEMENT: usize = 2_000;

impl Products {
    /// The rows that a product's variants are to be.
    pub(crate) fn variant_rows(&self, product: ProductId, drafts: &[VariantDraft]) -> Vec<Model> {
        let row = |(draft, position): (&VariantDraft, i32)| Model {
            id: draft.id.unwrap_or_else(|| VariantId::generate(&*self.ids)),
            shop_id: self.shop,
            product_id: product,
            position,
            sku: draft.sku.clone(),
            price_minor: draft.price_minor,
            deleted_at: None,
        };
        drafts.iter().zip(0..).map(row).collect()
    }

    /// Inserts rows in portions; `over` says what of those that are there is changed.
    pub(crate) async fn insert_variants(
        &self,
        tx: &impl ConnectionTrait,
        rows: &[Model],
        over: Option<&OnConflict>,
    ) -> Result<(), StoreError> {
        for rows in rows.chunks(ROWS_PER_STATEMENT) {
            let rows = rows.iter().map(|row| row.clone().into_active_model());
            let mut insert = Entity::insert_many(rows);
            if let Some(over) = over {
                insert = insert.on_conflict(over.clone());
            }
            let inserted = insert.exec_without_returning(tx).await;
            inserted.map_err(|error| StoreError::of_write("variant", error))?;
        }
        Ok(())
    }

    /// Brings the variants of a product to what `wanted` says: those that are not wanted are
    /// deleted, those that differ are changed, the rest is left alone.
    pub(crate) async fn replace_variants(
        &self,
        tx: &impl ConnectionTrait,
        product: ProductId,
        wanted: &[Model],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let existing = self.variants_of(&[product]).all(tx).await?;
        let before = |row: &Model| existing.iter().find(|old| old.id == row.id);

        let gone = existing.iter().filter(|old| !wanted.iter().any(|row| row.id == old.id));
        let gone: Vec<_> = gone.map(|old| old.id).collect();
        if !gone.is_empty() {
            self.delete_variants(tx, Column::Id.is_in(gone), now).await?;
        }

        // Two variants may exchange their SKUs, which no order of single writes would survive:
        // all changed ones are given up first.
        let gives_up =
            wanted.iter().filter(|row| before(row).is_some_and(|old| old.sku != row.sku));
        let gives_up: Vec<_> = gives_up.map(|row| row.id).collect();
        if !gives_up.is_empty() {
            Entity::update_many()
                .col_expr(Column::Sku, Expr::value(None::<String>))
                .filter(Column::Id.is_in(gives_up))
                .exec(tx)
                .await?;
        }

        let (known, new): (Vec<_>, Vec<_>) =
            wanted.iter().cloned().partition(|row| before(row).is_some());
        self.insert_variants(tx, &new, None).await?;
        let changed: Vec<_> = known.into_iter().filter(|row| before(row) != Some(row)).collect();
        let mut over = OnConflict::column(Column::Id);
        over.update_columns([Column::Position, Column::Sku, Column::PriceMinor]);
        self.insert_variants(tx, &changed, Some(&over)).await
    }

    /// Deletes variants, softly.
    pub(crate) async fn delete_variants(
        &self,
        tx: &impl ConnectionTrait,
        which: Expr,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Entity::update_many()
            .col_expr(Column::DeletedAt, Expr::value(Some(now)))
            .filter(Column::ShopId.eq(self.shop))
            .filter(Column::DeletedAt.is_null())
            .filter(which)
            .exec(tx)
            .await?;
        Ok(())
    }
}
