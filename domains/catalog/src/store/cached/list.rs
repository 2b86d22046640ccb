//! Pages of products, and how many there are.

use std::sync::Arc;
use std::time::Duration;

use czo_cache::{EntryOptions, Loaded};
use czo_core::ShopId;
use czo_repo::{Database, KeptPage, Page, PageRequest};
use futures_util::future::join;

use super::{CachedProducts, key, lists_of};
use crate::product::Product;
use crate::store::read::{self, ProductFilter};
use crate::{CatalogError, ProductId};

/// How long it is known what is on a list of which there are as many as anybody can think of: one with
/// nothing on it, since any text may be a tag, or one that begins or ends at a cursor. Of the others
/// there are no more than products have tags, and sizes of a page.
const RARE: Duration = Duration::from_secs(5);

/// A list of a longer name, in bytes, is read from the database each time. What is asked for so may
/// be there, since a tag of 255 characters has up to 1,020 bytes; but hardly anybody asks for it, and
/// names are kept in memory like all else.
const LONGEST_NAME: usize = 1_000;

impl CachedProducts {
    /// One page of a shop's products, newest first.
    ///
    /// Kept are the ids on it: the products are kept once, however many lists they are on, and one
    /// that changes is loaded again alone.
    ///
    /// So that no visitor fills the cache with what nobody else asks for, pages that are empty or begin
    /// or end at a cursor are kept for seconds, those between two cursors not at all, and what is no
    /// cursor is refused first.
    pub(crate) async fn page(
        self: &Arc<Self>,
        shop: ShopId,
        filter: &ProductFilter,
        request: &PageRequest,
    ) -> Result<Page<Arc<Product>>, CatalogError> {
        if self.is_off() {
            return past(&self.database, shop, filter, request).await;
        }
        let list = read::matching(self.primary.get_database_backend(), shop, filter);
        // Before anything is kept or shared: a forged cursor is to cost nobody else anything, and its
        // refusal is the caller's own, not that of a load which others wait for too.
        list.check_cursors(&self.primary, request)?;
        let name = key(shop, &format_args!("page/{filter:?}/{request:?}"));
        if request.is_between() || name.len() > LONGEST_NAME {
            return past(&self.primary, shop, filter, request).await;
        }
        let load = {
            let (cached, filter, request) = (self.clone(), filter.clone(), request.clone());
            async move || {
                let page = read::page_of_ids(&cached.primary, shop, &filter, &request).await?;
                let is_rare = request.has_cursor() || page.nodes.is_empty();
                Ok::<_, CatalogError>(loaded(KeptPage::new(page), is_rare))
            }
        };
        let options = self.list_options(shop);
        let kept: Option<Arc<KeptPage<ProductId>>> =
            self.lists.get_or_load(&name, &options, load).await?;
        if let Some(kept) = &kept {
            let mut products = self.find_each(shop, kept.nodes()).await?.into_iter();
            // The page may be of a moment before them: a product that was deleted since, or that the
            // filter has to keep from the caller since, is not to be on it.
            let next =
                |_| products.next().flatten().filter(|product| filter.takes(product)).ok_or(());
            if let Ok(page) = kept.page(&list, &self.primary).try_map(next) {
                return Ok(page);
            }
        }
        // A write came between the two looks, and has forgotten the page; or the page or a product is
        // of before a write whose process could not tell, and would not fit the next time either.
        let ids = kept.as_ref().map_or(&[][..], |kept| kept.nodes());
        let names: Vec<_> = ids.iter().map(|id| key(shop, id)).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        join(self.products.delete_many(&names), self.lists.delete(&name)).await;
        past(&self.primary, shop, filter, request).await
    }

    /// How many products of a shop match.
    pub(crate) async fn count(
        self: &Arc<Self>,
        shop: ShopId,
        filter: &ProductFilter,
    ) -> Result<u64, CatalogError> {
        if self.is_off() {
            return read::count(&self.database, shop, filter).await;
        }
        let name = key(shop, &format_args!("count/{filter:?}"));
        if name.len() > LONGEST_NAME {
            return read::count(&self.primary, shop, filter).await;
        }
        let load = {
            let (cached, filter) = (self.clone(), filter.clone());
            async move || {
                let count = read::count(&cached.primary, shop, &filter).await?;
                Ok::<_, CatalogError>(loaded(count, count == 0))
            }
        };
        let count = self.lists.get_or_load(&name, &self.list_options(shop), load).await?;
        match count {
            Some(count) => Ok(*count),
            // Nobody keeps that there is no count; but a cache may be written by others.
            None => read::count(&self.primary, shop, filter).await,
        }
    }

    fn list_options(&self, shop: ShopId) -> EntryOptions {
        self.options.clone().tag(lists_of(shop))
    }
}

/// What the cache is to know of a list.
fn loaded<T>(value: T, is_rare: bool) -> Loaded<T> {
    let loaded = Loaded::found(value);
    if is_rare { loaded.fresh_for(RARE) } else { loaded }
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
