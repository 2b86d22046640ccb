//! Pages of products, and how many there are.

use std::sync::Arc;

use czo_cache::EntryOptions;
use czo_core::ShopId;
use czo_repo::{Database, KeptPage, Page, PageRequest};

use super::{CachedProducts, key, lists_of};
use crate::product::Product;
use crate::store::read::{self, ProductFilter};
use crate::{CatalogError, ProductId};

/// A list of a longer name is not kept: no product has the tag, nor a page the cursor, that makes it
/// so long.
const LONGEST_NAME: usize = 1_000;

impl CachedProducts {
    /// One page of a shop's products, newest first.
    ///
    /// Kept are the ids on it: the products are kept once, however many lists they are on, and one
    /// that changes is loaded again alone.
    pub(crate) async fn page(
        self: &Arc<Self>,
        shop: ShopId,
        filter: &ProductFilter,
        request: &PageRequest,
    ) -> Result<Page<Arc<Product>>, CatalogError> {
        let name = key(shop, &format_args!("page/{filter:?}/{request:?}"));
        if self.is_off() || name.len() > LONGEST_NAME {
            return past(&self.database, shop, filter, request).await;
        }
        let load = {
            let (cached, filter, request) = (self.clone(), filter.clone(), request.clone());
            async move || {
                let page = read::page_of_ids(&cached.primary, shop, &filter, &request).await?;
                Ok::<_, CatalogError>(KeptPage::new(page))
            }
        };
        let options = self.list_options(shop);
        let kept: Arc<KeptPage<ProductId>> = self.lists.get_or_set(&name, &options, load).await?;
        let mut products = self.find_each(shop, kept.nodes()).await?.into_iter();
        // The page may be of a moment before them: a product that was deleted since, or that the
        // filter has to keep from the caller since, is not to be on it.
        let next = |_| products.next().flatten().filter(|product| filter.takes(product)).ok_or(());
        let list = read::matching(self.primary.get_database_backend(), shop, filter);
        match kept.page(&list, &self.primary).try_map(next) {
            Ok(page) => Ok(page),
            Err(()) => past(&self.primary, shop, filter, request).await,
        }
    }

    /// How many products of a shop match.
    pub(crate) async fn count(
        self: &Arc<Self>,
        shop: ShopId,
        filter: &ProductFilter,
    ) -> Result<u64, CatalogError> {
        let name = key(shop, &format_args!("count/{filter:?}"));
        if self.is_off() || name.len() > LONGEST_NAME {
            return read::count(&self.database, shop, filter).await;
        }
        let (cached, filter) = (self.clone(), filter.clone());
        let load = async move || read::count(&cached.primary, shop, &filter).await;
        Ok(*self.lists.get_or_set(&name, &self.list_options(shop), load).await?)
    }

    fn list_options(&self, shop: ShopId) -> EntryOptions {
        self.options.clone().tag(lists_of(shop))
    }
}

/// The page as the database has it.
async fn past(
    database: &Database,
    shop: ShopId,
    filter: &ProductFilter,
    request: &PageRequest,
) -> Result<Page<Arc<Product>>, CatalogError> {
    Ok(read::page(database, shop, filter, request).await?.map(Arc::new))
}
