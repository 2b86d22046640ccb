//! A request goes to its module.

use std::sync::Arc;

use czo_core::{Actor, Permission, PermissionService, PermissionServiceExt};
use czo_module_package::Endpoint;
use tokio::time::Instant;

use super::routes::Found;
use super::{EndpointAnswer, EndpointCall, EndpointError, RateLimits, headers};
use crate::active::Active;
use crate::{CallError, EndpointRequest, Export, ModuleFailure};

/// The largest body, in bytes.
const MAX_BODY: usize = 1 << 20;

/// Sends requests to modules.
#[derive(Clone)]
pub(crate) struct Endpoints {
    pub(crate) active: Active,
    pub(crate) permissions: Arc<dyn PermissionService>,
    pub(crate) rates: Arc<RateLimits>,
}

impl Endpoints {
    pub(crate) async fn handle(&self, call: EndpointCall) -> Result<EndpointAnswer, EndpointError> {
        let EndpointCall { module, method, path, query, headers, body, context } = call;
        let entered = self.active.enter(&module);
        let entered = entered.ok_or_else(|| EndpointError::NoModule { module: module.clone() })?;
        let (endpoint, params) = match entered.routes.find(&method, &path) {
            Found::Endpoint { index, params } => (&entered.manifest.endpoints[index], params),
            Found::OtherMethods(allowed) => return Err(EndpointError::Method { allowed }),
            Found::Nothing => return Err(EndpointError::NoEndpoint { module, path }),
        };
        self.permit(endpoint, &context, &module).await?;
        let (shop, rate) = (context.shop_id, endpoint.rate_limit_per_minute);
        self.rates
            .take(&module, &endpoint.name, shop, rate, Instant::now())
            .map_err(|retry_after| EndpointError::TooMany { retry_after })?;
        if body.len() > MAX_BODY {
            return Err(EndpointError::TooLarge { limit: MAX_BODY });
        }
        let request = EndpointRequest {
            endpoint: endpoint.name.clone(),
            method,
            path,
            params,
            query,
            headers: headers::of_request(headers),
            body,
            context,
        };
        let answer = match entered.sandbox(Export::EndpointHandler.interface()) {
            Ok(sandbox) => sandbox.handle(request).await,
            Err(error) => Err(error),
        };
        let answer =
            entered.judged("an endpoint", answer).map_err(|error| refused(error, &module))?;
        if !(200..=599).contains(&answer.status) {
            tracing::warn!(%module, status = answer.status, "a module answered with no status");
            return Err(EndpointError::Failed { module });
        }
        let headers = headers::of_answer(answer.headers);
        Ok(EndpointAnswer { status: answer.status, headers, body: answer.body })
    }

    async fn permit(
        &self,
        endpoint: &Endpoint,
        context: &czo_core::RequestContext,
        module: &czo_module_package::ModuleName,
    ) -> Result<(), EndpointError> {
        if endpoint.public {
            return Ok(());
        }
        let Some(permission) = &endpoint.permission else {
            let is_anonymous = matches!(context.actor, Actor::Anonymous);
            return if is_anonymous { Err(EndpointError::Unauthenticated) } else { Ok(()) };
        };
        let Ok(permission) = permission.parse::<Permission>() else {
            // Validation lets no such manifest in.
            tracing::error!(%module, permission, "an endpoint asks for what is no permission");
            return Err(EndpointError::Failed { module: module.clone() });
        };
        Ok(self.permissions.require(context, &permission).await?)
    }
}

/// What the caller is told.
fn refused(error: CallError, module: &czo_module_package::ModuleName) -> EndpointError {
    let module = module.clone();
    match error {
        CallError::Failed(ModuleFailure::Invalid(message)) => EndpointError::Invalid(message),
        CallError::Failed(ModuleFailure::NotFound(message)) => EndpointError::NotFound(message),
        CallError::Failed(ModuleFailure::Retry(_)) | CallError::Busy => {
            EndpointError::Unavailable { module }
        }
        CallError::Stopped(_) => EndpointError::Stopped { module },
        CallError::Failed(ModuleFailure::Broken(_))
        | CallError::Trapped { .. }
        | CallError::NotExported { .. } => EndpointError::Failed { module },
    }
}
