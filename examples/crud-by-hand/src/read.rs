//! Reading products.

use std::collections::{HashMap, HashSet};

use crud_suite::{
    PageArguments, Product, ProductFilter, ProductId, ProductPage, ProductSort, ReadProducts,
};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, QuerySelect};

use crate::page::page;
use crate::products::IDS_PER_STATEMENT;
use crate::{Products, StoreError};
use crud_suite::product_row::Column;

impl ReadProducts for Products {
    type Error = StoreError;

    async fn find(&self, id: ProductId) -> Result<Option<Product>, StoreError> {
        let row = self.living().filter(Column::Id.eq(id)).one(&*self.db).await?;
        self.whole_one(row).await
    }

    async fn find_by_ids(&self, ids: &[ProductId]) -> Result<Vec<Option<Product>>, StoreError> {
        let mut seen = HashSet::with_capacity(ids.len());
        let wanted: Vec<_> = ids.iter().copied().filter(|id| seen.insert(*id)).collect();
        let mut rows = Vec::with_capacity(wanted.len());
        for ids in wanted.chunks(IDS_PER_STATEMENT) {
            let named = Column::Id.is_in(ids.iter().copied());
            rows.extend(self.living().filter(named).all(&*self.db).await?);
        }
        let products = self.whole(&*self.db, rows).await?;
        let products: HashMap<_, _> =
            products.into_iter().map(|product| (product.id, product)).collect();
        Ok(ids.iter().map(|id| products.get(id).cloned()).collect())
    }

    async fn find_by_handle(&self, handle: &str) -> Result<Option<Product>, StoreError> {
        let row = self.living().filter(Column::Handle.eq(handle)).one(&*self.db).await?;
        self.whole_one(row).await
    }

    async fn page(
        &self,
        filter: &ProductFilter,
        sort: ProductSort,
        arguments: PageArguments,
    ) -> Result<ProductPage, StoreError> {
        page(self, filter, sort, &arguments).await
    }

    async fn count(&self, filter: &ProductFilter) -> Result<u64, StoreError> {
        Ok(self.matching(filter).count(&*self.db).await?)
    }

    async fn exists(&self, filter: &ProductFilter) -> Result<bool, StoreError> {
        let any = self.matching(filter).select_only().expr_as(Expr::cust("1"), "one").limit(1);
        Ok(any.into_tuple::<i32>().one(&*self.db).await?.is_some())
    }
}
