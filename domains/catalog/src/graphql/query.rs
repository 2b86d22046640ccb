//! Reading.

use std::sync::{Arc, OnceLock};

use async_graphql::connection::{
    Connection, CursorType, DefaultConnectionName, DefaultEdgeName, Edge, EmptyFields,
};
use async_graphql::{Context, Error, ID, Object, Result};
use czo_core::RequestContext;
use czo_graphql::{STATEMENT_UNITS, charge, charge_list, charge_statement, fields_below, refuse};
use czo_repo::{Page, PageArguments, PageRequest};
use tokio::sync::OnceCell;

use super::entities::Entities;
use super::product::{Product, ProductStatus, ProductVariant};
use crate::store::ProductKey;
use crate::{ProductId, ProductQuery, Products, VariantId, product as domain};

/// How many variants read from the database cost as much as a field of the answer, whether or
/// not they are asked for.
const VARIANTS_PER_UNIT: usize = 4;

type ProductConnection =
    Connection<Place, Product, TotalCount, EmptyFields, DefaultConnectionName, DefaultEdgeName>;

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
    #[graphql(complexity = "STATEMENT_UNITS + child_complexity")]
    async fn product(
        &self,
        ctx: &Context<'_>,
        id: Option<ID>,
        handle: Option<String>,
    ) -> Result<Option<Product>> {
        let request = ctx.data::<RequestContext>()?;
        charge_statement(ctx)?;
        let key = match (id, handle) {
            (Some(id), None) => id.parse().ok().map(ProductKey::Id),
            (None, Some(handle)) => handle.parse().ok().map(ProductKey::Handle),
            _ => return Err(Error::new("expected either `id` or `handle`")),
        };
        let found = match key {
            Some(key) => self.products.find_shared(request, &key).await.map_err(refuse)?,
            None => None,
        };
        let found = found.map(Product::from);
        charge_read(ctx, found.iter().map(Product::variant_count))?;
        Ok(found)
    }

    /// The products of the shop, newest first, 20 at a time unless asked for up to 100.
    #[graphql(
        complexity = "STATEMENT_UNITS + child_complexity * first.or(last).map_or(20, |n| usize::try_from(n).unwrap_or(0).min(100))"
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
        let page_request = PageRequest::new(arguments).map_err(refuse)?;
        let query = ProductQuery { status: status.map(Into::into), tag };
        charge_statement(ctx)?;
        let page = self.products.page_shared(request, &query, &page_request).await;
        let mut page = page.map_err(refuse)?;
        charge_read(ctx, page.nodes.iter().map(|product| product.variants.len()))?;
        charge_list(ctx, page.nodes.iter().map(|_| 0))?;

        let total = TotalCount { products: self.products.clone(), query, count: OnceCell::new() };
        let products = std::mem::take(&mut page.nodes);
        let info = &page.page_info;
        let mut connection =
            Connection::with_additional_fields(info.has_previous_page, info.has_next_page, total);
        let page = Arc::new(page);
        connection.edges.extend(products.into_iter().enumerate().map(|(place, product)| {
            Edge::new(Place::new(page.clone(), place), Product::from(product))
        }));
        Ok(connection)
    }

    /// A product that another subgraph names.
    #[graphql(entity)]
    async fn find_product_by_id(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Product>> {
        charge_entity(ctx)?;
        let Ok(id) = id.parse::<ProductId>() else { return Ok(None) };
        let found = Entities::loader(ctx)?.load_one(id).await?;
        charge_read(ctx, found.iter().map(Product::variant_count))?;
        Ok(found)
    }

    /// A variant that another subgraph names.
    #[graphql(entity)]
    async fn find_variant_by_id(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Result<Option<ProductVariant>> {
        charge_entity(ctx)?;
        match id.parse::<VariantId>() {
            Ok(id) => Entities::loader(ctx)?.load_one(id).await,
            Err(_) => Ok(None),
        }
    }
}

/// Where a product is in its list. The cursor is signed when it is asked for: most pages are read
/// without those of their products.
pub(crate) struct Place {
    /// Without its products.
    page: Arc<Page<Arc<domain::Product>>>,
    place: usize,
    /// Signed once, however many fields ask for it.
    cursor: OnceLock<String>,
}

impl Place {
    fn new(page: Arc<Page<Arc<domain::Product>>>, place: usize) -> Self {
        Self { page, place, cursor: OnceLock::new() }
    }
}

impl CursorType for Place {
    type Error = &'static str;

    /// Arguments are read where the page is.
    fn decode_cursor(_: &str) -> std::result::Result<Self, Self::Error> {
        Err("a cursor alone is no place in a list")
    }

    fn encode_cursor(&self) -> String {
        let sign = || self.page.cursor(self.place).unwrap_or_default();
        self.cursor.get_or_init(sign).clone()
    }
}

/// What a connection knows beyond its page.
pub(crate) struct TotalCount {
    products: Products,
    query: ProductQuery,
    count: OnceCell<u64>,
}

#[Object]
impl TotalCount {
    /// How many there are on all pages together. Costs a statement of its own.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<u64> {
        let request = ctx.data::<RequestContext>()?;
        let count = || async {
            charge_statement(ctx)?;
            self.products.count(request, &self.query).await.map_err(refuse)
        };
        self.count.get_or_try_init(count).await.copied()
    }
}

/// Charges for an entity that another subgraph names: the fields that are asked of it, and a call
/// to the database, so that a thousand can be named at most.
fn charge_entity(ctx: &Context<'_>) -> Result<()> {
    charge(ctx, STATEMENT_UNITS.saturating_add(fields_below(ctx)))
}

/// Charges for products that were read, by how many variants each has.
fn charge_read(ctx: &Context<'_>, variants: impl Iterator<Item = usize>) -> Result<()> {
    charge(ctx, variants.sum::<usize>() / VARIANTS_PER_UNIT)
}
