//! The store.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use crud_suite::{Product, ProductFilter, ProductId, Trashed, has_tag, product_row, variant_row};
use czo_core::{Clock, IdGenerator, ShopId};
use czo_repo::Database;
use hmac::{Hmac, Mac};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Select,
};
use sha2::Sha256;

use crate::StoreError;

/// Ids per statement: far below the 32,766 values that SQLite binds.
pub(crate) const IDS_PER_STATEMENT: usize = 8_192;

/// The products of one shop.
#[derive(Clone, Debug)]
pub struct Products {
    pub(crate) db: Database,
    pub(crate) shop: ShopId,
    pub(crate) ids: Arc<dyn IdGenerator>,
    pub(crate) cursor_key: Hmac<Sha256>,
    clock: Arc<dyn Clock>,
}

impl Products {
    /// The products of a shop. Rows are stamped with the time of the clock, cursors are signed
    /// with the key.
    #[must_use]
    pub fn new(
        db: Database,
        shop: ShopId,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
        cursor_key: &[u8],
    ) -> Self {
        let cursor_key =
            Hmac::new_from_slice(cursor_key).expect("HMAC takes keys of every length (RFC 2104)");
        Self { db, shop, ids, cursor_key, clock }
    }

    /// Now, as exactly as both databases keep it.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }

    /// The products that a filter means.
    pub(crate) fn matching(&self, filter: &ProductFilter) -> Select<product_row::Entity> {
        use product_row::Column;

        let mut condition = Condition::all().add(Column::ShopId.eq(self.shop));
        match filter.trashed {
            Trashed::Without => condition = condition.add(Column::DeletedAt.is_null()),
            Trashed::With => {}
            Trashed::Only => condition = condition.add(Column::DeletedAt.is_not_null()),
        }
        if let Some(status) = filter.status {
            condition = condition.add(Column::Status.eq(status));
        }
        if let Some(tag) = &filter.tag {
            condition = condition.add(has_tag(self.db.get_database_backend(), tag));
        }
        product_row::Entity::find().filter(condition)
    }

    /// The products that are not deleted.
    pub(crate) fn living(&self) -> Select<product_row::Entity> {
        self.matching(&ProductFilter::default())
    }

    /// The products of these rows, in their order: one more statement.
    pub(crate) async fn whole(
        &self,
        db: &impl ConnectionTrait,
        rows: Vec<product_row::Model>,
    ) -> Result<Vec<Product>, StoreError> {
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let mut variants = HashMap::<ProductId, Vec<_>>::with_capacity(rows.len());
        for ids in ids.chunks(IDS_PER_STATEMENT) {
            for row in self.variants_of(ids).all(db).await? {
                variants.entry(row.product_id).or_default().push(row);
            }
        }
        let whole = rows.into_iter().map(|row| {
            let variants = variants.remove(&row.id).unwrap_or_default();
            row.with_variants(variants)
        });
        Ok(whole.collect())
    }

    /// The product of this row, if there is one.
    pub(crate) async fn whole_one(
        &self,
        row: Option<product_row::Model>,
    ) -> Result<Option<Product>, StoreError> {
        Ok(self.whole(&*self.db, row.into_iter().collect()).await?.pop())
    }

    /// The variants of products, in order, without those that are deleted.
    pub(crate) fn variants_of(&self, products: &[ProductId]) -> Select<variant_row::Entity> {
        use variant_row::Column;

        variant_row::Entity::find()
            .filter(Column::ShopId.eq(self.shop))
            .filter(Column::ProductId.is_in(products.iter().copied()))
            .filter(Column::DeletedAt.is_null())
            .order_by_asc(Column::Position)
            .order_by_asc(Column::Id)
    }
}
