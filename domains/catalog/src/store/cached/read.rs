//! Products by their ids and handles.

use std::collections::HashMap;
use std::sync::Arc;

use czo_cache::Loaded;
use czo_core::ShopId;

use super::kept::KeptProduct;
use super::{CachedProducts, key};
use crate::product::{Handle, Product};
use crate::store::read::{self, ProductKey};
use crate::{CatalogError, ProductId, VariantId};

impl CachedProducts {
    /// One product of a shop.
    pub(crate) async fn find(
        self: &Arc<Self>,
        shop: ShopId,
        key: &ProductKey,
    ) -> Result<Option<Arc<Product>>, CatalogError> {
        match key {
            _ if self.is_off() => Ok(read::find(&self.database, shop, key).await?.map(Arc::new)),
            ProductKey::Id(id) => self.find_by_id(shop, *id).await,
            ProductKey::Handle(handle) => self.find_by_handle(shop, handle).await,
        }
    }

    /// Several products of a shop, in no particular order; what is not there is left out.
    pub(crate) async fn find_by_ids(
        self: &Arc<Self>,
        shop: ShopId,
        ids: &[ProductId],
    ) -> Result<Vec<Arc<Product>>, CatalogError> {
        if self.is_off() {
            let found = read::find_by_ids(&self.database, shop, ids).await?;
            return Ok(found.into_iter().map(Arc::new).collect());
        }
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        Ok(self.find_each(shop, &ids).await?.into_iter().flatten().collect())
    }

    /// The products of a shop that have these variants, in no particular order. Which they are the
    /// database says every time.
    pub(crate) async fn find_of_variants(
        self: &Arc<Self>,
        shop: ShopId,
        variants: &[VariantId],
    ) -> Result<Vec<Arc<Product>>, CatalogError> {
        let database = if self.is_off() { &self.database } else { &self.primary };
        let owners = read::owners(database, shop, variants).await?;
        self.find_by_ids(shop, &owners).await
    }

    async fn find_by_id(
        self: &Arc<Self>,
        shop: ShopId,
        id: ProductId,
    ) -> Result<Option<Arc<Product>>, CatalogError> {
        let (name, cached) = (key(shop, &id), self.clone());
        let load = async move || {
            let found = read::find(&cached.primary, shop, &ProductKey::Id(id)).await?;
            Ok::<_, CatalogError>(loaded(found))
        };
        match self.products.get_or_load(&name, &self.options, load).await? {
            Some(kept) if !kept.is(shop, id) => {
                self.products.delete(&name).await;
                Ok(read::find(&self.primary, shop, &ProductKey::Id(id)).await?.map(Arc::new))
            }
            found => Ok(found.map(|kept| kept.product())),
        }
    }

    async fn find_by_handle(
        self: &Arc<Self>,
        shop: ShopId,
        handle: &Handle,
    ) -> Result<Option<Arc<Product>>, CatalogError> {
        let name = key(shop, handle);
        let load = {
            let (cached, handle) = (self.clone(), handle.clone());
            async move || {
                let id = read::find_id(&cached.primary, shop, &handle).await?;
                Ok::<_, CatalogError>(Loaded::of(id))
            }
        };
        let id = self.handles.get_or_load(&name, &self.options, load).await?;
        let Some(id) = id.as_deref().copied() else { return Ok(None) };
        if let Some(product) = self.find_by_id(shop, id).await?
            && product.handle == *handle
        {
            return Ok(Some(product));
        }
        // It moved between the two looks; or one of the entries is of before a write whose process
        // was killed before it could tell, and whose event has not arrived.
        self.handles.delete(&name).await;
        self.products.delete(&key(shop, &id)).await;
        let named = ProductKey::Handle(handle.clone());
        Ok(read::find(&self.primary, shop, &named).await?.map(Arc::new))
    }

    /// The products of these ids, in their order. Those that are not kept are loaded together.
    pub(super) async fn find_each(
        self: &Arc<Self>,
        shop: ShopId,
        ids: &[ProductId],
    ) -> Result<Vec<Option<Arc<Product>>>, CatalogError> {
        let names: Vec<_> = ids.iter().map(|id| key(shop, id)).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let cached = self.clone();
        let load = move |names: Vec<String>| {
            let cached = cached.clone();
            async move {
                // It is asked for the names of above and for nothing else.
                let ids: Vec<ProductId> = names.iter().filter_map(|name| id_in(name)).collect();
                let found = read::find_by_ids(&cached.primary, shop, &ids).await?;
                let mut found: HashMap<_, _> =
                    found.into_iter().map(|product| (product.id, product)).collect();
                Ok::<_, CatalogError>(ids.iter().map(|id| loaded(found.remove(id))).collect())
            }
        };
        let found = self.products.get_or_load_many(&names, &self.options, load).await?;
        let is_right = |(kept, id): (&Option<Arc<KeptProduct>>, &ProductId)| {
            kept.as_ref().is_none_or(|kept| kept.is(shop, *id))
        };
        if found.iter().zip(ids).all(is_right) {
            return Ok(found.into_iter().map(|kept| Some(kept?.product())).collect());
        }
        self.products.delete_many(&names).await;
        let found = read::find_by_ids(&self.primary, shop, ids).await?;
        let found: HashMap<_, _> =
            found.into_iter().map(|product| (product.id, Arc::new(product))).collect();
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }
}

/// The id that a product is kept under.
fn id_in(name: &str) -> Option<ProductId> {
    name.rsplit_once('/')?.1.parse().ok()
}

/// What the cache is to know of a product.
fn loaded(product: Option<Product>) -> Loaded<KeptProduct> {
    match product {
        Some(product) => {
            let version = product.version;
            Loaded::found(KeptProduct::of(product)).version(version.into())
        }
        None => Loaded::absent(),
    }
}
