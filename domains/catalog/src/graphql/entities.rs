//! Loads what another subgraph names.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, Error, Result};
use czo_core::RequestContext;
use czo_graphql::refuse;

use super::product::{Product, ProductVariant};
use crate::{ProductId, Products, ThumbnailId, VariantId};

/// The loader of a request, made when it is first asked for: most requests name no entities.
pub(super) struct Entities {
    products: Products,
    loader: OnceLock<DataLoader<EntityLoader>>,
}

impl Entities {
    /// Loads through this service.
    pub(super) fn of(products: Products) -> Self {
        Self { products, loader: OnceLock::new() }
    }

    /// The loader of the request of `ctx`.
    pub(super) fn loader<'a>(ctx: &Context<'a>) -> Result<&'a DataLoader<EntityLoader>> {
        let request = ctx.data::<RequestContext>()?;
        let entities = ctx.data::<Self>()?;
        Ok(entities.loader.get_or_init(|| {
            let products = entities.products.clone();
            DataLoader::new(EntityLoader { products, request: request.clone() }, tokio::spawn)
        }))
    }
}

/// Loads the entities of one request together: a gateway names them one by one.
pub(super) struct EntityLoader {
    products: Products,
    request: RequestContext,
}

impl Loader<ProductId> for EntityLoader {
    type Value = Product;
    type Error = Error;

    async fn load(&self, ids: &[ProductId]) -> Result<HashMap<ProductId, Product>> {
        let found = self.products.find_many_shared(&self.request, ids).await.map_err(refuse)?;
        Ok(found.into_iter().map(|product| (product.id, product.into())).collect())
    }
}

impl Loader<VariantId> for EntityLoader {
    type Value = ProductVariant;
    type Error = Error;

    async fn load(&self, ids: &[VariantId]) -> Result<HashMap<VariantId, ProductVariant>> {
        let found =
            self.products.find_of_variants_shared(&self.request, ids).await.map_err(refuse)?;
        let wanted: HashSet<_> = ids.iter().copied().collect();
        let variants = found.iter().flat_map(|product| &product.variants);
        Ok(variants
            .filter(|variant| wanted.contains(&variant.id))
            .map(|variant| (variant.id, variant.into()))
            .collect())
    }
}

/// The URL of an image, for the thumbnail of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ThumbnailOf(pub(super) String);

impl Loader<ThumbnailOf> for EntityLoader {
    type Value = ThumbnailId;
    type Error = Error;

    async fn load(&self, images: &[ThumbnailOf]) -> Result<HashMap<ThumbnailOf, ThumbnailId>> {
        let urls: Vec<_> = images.iter().map(|ThumbnailOf(url)| url.clone()).collect();
        let found = self.products.thumbnails_of(&self.request, &urls).await.map_err(refuse)?;
        let pairs = images.iter().zip(found);
        Ok(pairs.filter_map(|(image, id)| Some((image.clone(), id?))).collect())
    }
}
