//! Reading.

use std::collections::HashMap;

use async_graphql::connection::{
    Connection, DefaultConnectionName, DefaultEdgeName, Edge, EmptyFields,
};
use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, Error, ID, Object, Result};
use czo_core::RequestContext;
use czo_graphql::{PageArguments, PageRequest, refuse};

use super::product::{Product, ProductStatus, ProductVariant};
use crate::{ProductId, ProductQuery, Products, VariantId};

type ProductConnection =
    Connection<String, Product, TotalCount, EmptyFields, DefaultConnectionName, DefaultEdgeName>;

pub(crate) struct Query {
    products: Products,
}

impl Query {
    pub(super) fn new(products: Products) -> Self {
        Self { products }
    }
}

/// Reading is open to visitors, who see active products only.
#[Object]
impl Query {
    /// The product of this id or this handle, if there is one that the caller may see.
    async fn product(
        &self,
        ctx: &Context<'_>,
        id: Option<ID>,
        handle: Option<String>,
    ) -> Result<Option<Product>> {
        let request = ctx.data::<RequestContext>()?;
        let found = match (id, handle) {
            (Some(id), None) => match id.parse() {
                Ok(id) => self.products.find(request, id).await,
                Err(_) => Ok(None),
            },
            (None, Some(handle)) => match handle.parse() {
                Ok(handle) => self.products.find_by_handle(request, &handle).await,
                Err(_) => Ok(None),
            },
            _ => return Err(Error::new("expected either `id` or `handle`")),
        };
        Ok(found.map_err(refuse)?.map(Product::from))
    }

    /// The products of the shop, newest first, 20 at a time unless asked for up to 100.
    #[graphql(
        complexity = "first.or(last).map_or(20, |n| usize::try_from(n).unwrap_or(0).min(100)) * child_complexity"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are the arguments of the field")]
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page starts.")] after: Option<String>,
        #[graphql(desc = "How many from the end.")] last: Option<i32>,
        #[graphql(desc = "The cursor before which the page ends.")] before: Option<String>,
        #[graphql(desc = "Only those of this status.")] status: Option<ProductStatus>,
        #[graphql(desc = "Only those with this tag.")] tag: Option<String>,
    ) -> Result<ProductConnection> {
        let request = ctx.data::<RequestContext>()?;
        let arguments = PageArguments { first, after, last, before };
        let page_request = PageRequest::<ProductId>::new(arguments).map_err(refuse)?;
        let query = ProductQuery { status: status.map(Into::into), tag };
        let page = self.products.page(request, &query, &page_request).await.map_err(refuse)?;

        let total = TotalCount { products: self.products.clone(), query };
        let mut connection =
            Connection::with_additional_fields(page.has_previous, page.has_next, total);
        connection.edges.extend(
            page.products
                .into_iter()
                .map(|product| Edge::new(product.id.to_string(), Product::from(product))),
        );
        Ok(connection)
    }

    /// A product that another subgraph names.
    #[graphql(entity)]
    async fn find_product_by_id(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Product>> {
        match id.parse::<ProductId>() {
            Ok(id) => ctx.data::<DataLoader<EntityLoader>>()?.load_one(id).await,
            Err(_) => Ok(None),
        }
    }

    /// A variant that another subgraph names.
    #[graphql(entity)]
    async fn find_variant_by_id(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Result<Option<ProductVariant>> {
        match id.parse::<VariantId>() {
            Ok(id) => ctx.data::<DataLoader<EntityLoader>>()?.load_one(id).await,
            Err(_) => Ok(None),
        }
    }
}

/// What a connection knows beyond its page.
pub(crate) struct TotalCount {
    products: Products,
    query: ProductQuery,
}

#[Object]
impl TotalCount {
    /// How many there are on all pages together. Costs a statement of its own.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<u64> {
        let request = ctx.data::<RequestContext>()?;
        self.products.count(request, &self.query).await.map_err(refuse)
    }
}

/// Loads the entities of one request together: a gateway names them one by one.
pub(super) struct EntityLoader {
    products: Products,
    request: RequestContext,
}

impl EntityLoader {
    /// The loader of one request.
    pub(super) fn of(products: &Products, request: &RequestContext) -> DataLoader<Self> {
        let loader = Self { products: products.clone(), request: request.clone() };
        DataLoader::new(loader, tokio::spawn)
    }
}

impl Loader<ProductId> for EntityLoader {
    type Value = Product;
    type Error = Error;

    async fn load(&self, ids: &[ProductId]) -> Result<HashMap<ProductId, Product>> {
        let found = self.products.find_many(&self.request, ids).await.map_err(refuse)?;
        Ok(found.into_iter().map(|product| (product.id, product.into())).collect())
    }
}

impl Loader<VariantId> for EntityLoader {
    type Value = ProductVariant;
    type Error = Error;

    async fn load(&self, ids: &[VariantId]) -> Result<HashMap<VariantId, ProductVariant>> {
        let found = self.products.find_of_variants(&self.request, ids).await.map_err(refuse)?;
        let variants = found.iter().flat_map(|product| &product.variants);
        Ok(variants
            .filter(|variant| ids.contains(&variant.id))
            .map(|variant| (variant.id, variant.into()))
            .collect())
    }
}
