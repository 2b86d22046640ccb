//! The store.

use crud_suite::{Product, ProductFilter, Trashed, has_tag, product_row, variant_row};
use czo_core::ShopId;
use czo_repo::{Connection, Database, Ready, RepoError, Repository, Sort};
use sea_orm::ColumnTrait;

/// The products of one shop.
#[derive(Clone, Debug)]
pub struct Products {
    pub(crate) db: Database,
    pub(crate) products: Repository<product_row::Entity, Ready>,
    pub(crate) variants: Repository<variant_row::Entity, Ready>,
}

impl Products {
    /// The products of a shop. The database brings the clock, the ids and the key of cursors.
    #[must_use]
    pub fn new(db: Database, shop: ShopId) -> Self {
        let variants = Repository::new().for_shop(shop);
        Self {
            db,
            products: Repository::new().for_shop(shop),
            variants: variants.sort(Sort::asc(variant_row::Column::Position)),
        }
    }

    /// The products that a filter means.
    pub(crate) fn matching(
        &self,
        filter: &ProductFilter,
    ) -> Repository<product_row::Entity, Ready> {
        let mut products = match filter.trashed {
            Trashed::Without => self.products.clone(),
            Trashed::With => self.products.with_trashed(),
            Trashed::Only => self.products.only_trashed(),
        };
        if let Some(status) = filter.status {
            products = products.filter(product_row::Column::Status.eq(status));
        }
        if let Some(tag) = &filter.tag {
            products = products.filter(has_tag(self.db.get_database_backend(), tag));
        }
        products
    }

    /// The products of these rows, in their order: one more statement.
    pub(crate) async fn whole(
        &self,
        db: &impl Connection,
        rows: Vec<product_row::Model>,
    ) -> Result<Vec<Product>, RepoError> {
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let mut variants = self
            .variants
            .find_grouped(db, variant_row::Column::ProductId, &ids, |row| row.product_id)
            .await?;
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
    ) -> Result<Option<Product>, RepoError> {
        Ok(self.whole(&self.db, row.into_iter().collect()).await?.pop())
    }
}
