//! Writing.

use async_graphql::{Context, ID, Object, Result};
use czo_core::{FieldErrorCode, RequestContext};
use czo_graphql::STATEMENT_UNITS;

use super::inputs::{ProductCreateInput, ProductUpdateInput};
use super::payloads::{ProductDeletePayload, ProductPayload};
use crate::product::{ProductPatch, ProductStatus};
use crate::{CatalogError, ProductId, Products};

pub(crate) struct Mutation {
    products: Products,
}

impl Mutation {
    pub(super) fn new(products: Products) -> Self {
        Self { products }
    }
}

/// Writing needs a token with the permission `product:write`.
#[Object]
impl Mutation {
    /// Creates a product.
    #[graphql(complexity = "STATEMENT_UNITS + child_complexity")]
    async fn product_create(
        &self,
        ctx: &Context<'_>,
        input: ProductCreateInput,
    ) -> Result<ProductPayload> {
        let request = ctx.data::<RequestContext>()?;
        ProductPayload::of(self.products.create(request, input.into()).await)
    }

    /// Changes a product.
    #[graphql(complexity = "STATEMENT_UNITS + child_complexity")]
    async fn product_update(
        &self,
        ctx: &Context<'_>,
        input: ProductUpdateInput,
    ) -> Result<ProductPayload> {
        let request = ctx.data::<RequestContext>()?;
        let expected_version = input.expected_version;
        let outcome = match product_id(&input.id) {
            Ok(id) => self.products.update(request, id, expected_version, input.into()).await,
            Err(error) => Err(error),
        };
        ProductPayload::of(outcome)
    }

    /// Shows a product to the shop's visitors.
    #[graphql(complexity = "STATEMENT_UNITS + child_complexity")]
    async fn product_publish(
        &self,
        ctx: &Context<'_>,
        id: ID,
        expected_version: Option<i32>,
    ) -> Result<ProductPayload> {
        let request = ctx.data::<RequestContext>()?;
        let patch = ProductPatch { status: Some(ProductStatus::Active), ..ProductPatch::default() };
        let outcome = match product_id(&id) {
            Ok(id) => self.products.update(request, id, expected_version, patch).await,
            Err(error) => Err(error),
        };
        ProductPayload::of(outcome)
    }

    /// Deletes a product. Its handle and SKUs may be used again.
    #[graphql(complexity = "STATEMENT_UNITS + child_complexity")]
    async fn product_delete(
        &self,
        ctx: &Context<'_>,
        id: ID,
        expected_version: Option<i32>,
    ) -> Result<ProductDeletePayload> {
        let request = ctx.data::<RequestContext>()?;
        let outcome = match product_id(&id) {
            Ok(id) => self.products.delete(request, id, expected_version).await,
            Err(error) => Err(error),
        };
        ProductDeletePayload::of(id, outcome)
    }
}

fn product_id(id: &ID) -> Result<ProductId, CatalogError> {
    id.parse().map_err(|error: czo_core::IdError| {
        CatalogError::field("id", FieldErrorCode::Invalid, error.to_string())
    })
}
