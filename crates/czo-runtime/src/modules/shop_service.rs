//! The shops for modules: the service `shops`.

use std::sync::Arc;

use async_trait::async_trait;
use czo_core::{RequestContext, ServerService, ServiceError, ShopDirectory};
use serde_json::{Value, json};

/// What modules call it by.
pub(crate) const NAME: &str = "shops";

/// What modules may ask about the shop of their call.
///
/// - `current`: `{ "id", "name", "currency" }` of that shop, or `null` where the call is for none.
#[derive(Clone, Debug)]
pub(crate) struct ShopService(pub(crate) Arc<dyn ShopDirectory>);

#[async_trait]
impl ServerService for ShopService {
    async fn call(
        &self,
        ctx: &RequestContext,
        method: &str,
        _: Value,
    ) -> Result<Value, ServiceError> {
        if method != "current" {
            let message =
                format!("the service `{NAME}` has no method `{method}`: there is `current`");
            return Err(ServiceError::Invalid(message));
        }
        let Some(shop) = ctx.shop_id else { return Ok(Value::Null) };
        let found = self.0.find(shop).await;
        let found = found.map_err(|error| ServiceError::Unavailable(error.to_string()))?;
        Ok(found.map_or(
            Value::Null,
            |shop| json!({ "id": shop.id, "name": shop.name, "currency": shop.currency }),
        ))
    }
}
