//! Reading products.

use std::collections::HashMap;

use crud_suite::product_row::Column;
use crud_suite::{
    PageArguments, Product, ProductFilter, ProductId, ProductPage, ProductSort, ReadProducts,
};
use czo_repo::{PageRequest, RepoError, Sort};
use sea_orm::ColumnTrait;

use crate::Products;

impl ReadProducts for Products {
    type Error = RepoError;

    async fn find(&self, id: ProductId) -> Result<Option<Product>, RepoError> {
        self.whole_one(self.products.find_by_id(&self.db, id).await?).await
    }

    async fn find_by_ids(&self, ids: &[ProductId]) -> Result<Vec<Option<Product>>, RepoError> {
        let found = self.products.find_by_ids(&self.db, ids).await?;
        let rows: HashMap<_, _> = found.into_iter().flatten().map(|row| (row.id, row)).collect();
        let products = self.whole(&self.db, rows.into_values().collect()).await?;
        let products: HashMap<_, _> =
            products.into_iter().map(|product| (product.id, product)).collect();
        Ok(ids.iter().map(|id| products.get(id).cloned()).collect())
    }

    async fn find_by_handle(&self, handle: &str) -> Result<Option<Product>, RepoError> {
        let named = self.products.filter(Column::Handle.eq(handle));
        self.whole_one(named.find_one(&self.db).await?).await
    }

    async fn page(
        &self,
        filter: &ProductFilter,
        sort: ProductSort,
        arguments: PageArguments,
    ) -> Result<ProductPage, RepoError> {
        let PageArguments { first, after, last, before, total } = arguments;
        let arguments = czo_repo::PageArguments { first, after, last, before };
        let mut request = PageRequest::new(arguments)?;
        if total {
            request = request.with_total();
        }
        let sort = match sort {
            ProductSort::Newest => Sort::desc(Column::Id),
            ProductSort::TitleUp => Sort::asc(Column::Title),
            ProductSort::TitleDown => Sort::desc(Column::Title),
        };
        let page = self.matching(filter).sort(sort).page(&self.db, &request).await?;
        Ok(ProductPage {
            products: self.whole(&self.db, page.nodes).await?,
            has_previous: page.page_info.has_previous_page,
            has_next: page.page_info.has_next_page,
            start_cursor: page.page_info.start_cursor,
            end_cursor: page.page_info.end_cursor,
            total: page.total_count,
        })
    }

    async fn count(&self, filter: &ProductFilter) -> Result<u64, RepoError> {
        self.matching(filter).count(&self.db).await
    }

    async fn exists(&self, filter: &ProductFilter) -> Result<bool, RepoError> {
        self.matching(filter).exists(&self.db).await
    }
}
