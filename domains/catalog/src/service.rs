//! The catalogue for modules: the service `catalog`.

use async_trait::async_trait;
use czo_core::{Classified, ErrorKind, RequestContext, ServerService, ServiceError};
use serde::Deserialize;
use serde_json::Value;

use crate::product::Handle;
use crate::{CatalogError, ProductId, Products};

/// What modules may ask of the catalogue. They see what whoever caused their call sees.
///
/// - `find-product` with `{ "id" }` or `{ "handle" }`: the product as JSON, or `null`.
#[derive(Clone, Debug)]
pub(crate) struct CatalogService {
    products: Products,
}

/// Which product, by one of the two.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Which {
    Id(ProductId),
    Handle(Handle),
}

impl CatalogService {
    pub(crate) fn new(products: Products) -> Self {
        Self { products }
    }
}

#[async_trait]
impl ServerService for CatalogService {
    async fn call(
        &self,
        ctx: &RequestContext,
        method: &str,
        arguments: Value,
    ) -> Result<Value, ServiceError> {
        if method != "find-product" {
            let message =
                format!("the service `catalog` has no method `{method}`: there is `find-product`");
            return Err(ServiceError::Invalid(message));
        }
        let which = serde_json::from_value(arguments).map_err(|error| {
            let message = format!("expected `{{ \"id\" }}` or `{{ \"handle\" }}`: {error}");
            ServiceError::Invalid(message)
        })?;
        let found = match which {
            Which::Id(id) => self.products.find(ctx, id).await,
            Which::Handle(handle) => self.products.find_by_handle(ctx, &handle).await,
        };
        let found = found.map_err(|error| told(&error))?;
        Ok(serde_json::to_value(found).expect("a product is plain data"))
    }
}

fn told(error: &CatalogError) -> ServiceError {
    match error.kind() {
        ErrorKind::Forbidden | ErrorKind::Unauthenticated => {
            ServiceError::Denied(error.to_string())
        }
        ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Conflict => {
            ServiceError::Invalid(error.to_string())
        }
        _ => {
            tracing::warn!(error = czo_core::describe(error), "a module was not answered");
            ServiceError::Unavailable("the catalogue can't answer now".to_owned())
        }
    }
}
