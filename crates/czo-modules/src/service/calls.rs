//! A module calls a service.

use async_trait::async_trait;

use super::{ServiceDirectory, ServiceError};
use crate::active::Active;
use crate::{CallError, CallScope, Export, HostError, ModuleFailure, ServiceCall, ServiceCalls};

tokio::task_local! {
    /// How many calls of services are around this one.
    static DEPTH: usize;
}

/// Calls services for modules: those of the server by their name, those of modules by
/// `<module>.<service>`.
pub(crate) struct Services {
    pub(crate) active: Active,
    pub(crate) directory: ServiceDirectory,
    /// How deep calls may be inside of one another.
    pub(crate) most: usize,
}

#[async_trait]
impl ServiceCalls for Services {
    async fn call(
        &self,
        scope: &CallScope,
        service: &str,
        method: &str,
        arguments: String,
    ) -> Result<String, HostError> {
        let depth = DEPTH.try_with(|depth| *depth).unwrap_or(0);
        if depth >= self.most {
            let most = self.most;
            return Err(HostError::Limit(format!(
                "services call one another more than {most} deep: does `{service}` call its caller?"
            )));
        }
        match service.split_once('.') {
            Some((module, name)) => {
                let call = self.call_module(scope, module, name, method, arguments);
                // In a box: it is a part of itself, as many times as calls are deep.
                DEPTH.scope(depth + 1, Box::pin(call)).await
            }
            None => self.call_server(scope, service, method, &arguments).await,
        }
    }
}

impl Services {
    async fn call_server(
        &self,
        scope: &CallScope,
        service: &str,
        method: &str,
        arguments: &str,
    ) -> Result<String, HostError> {
        let known = self.directory.get(service).ok_or_else(|| {
            let names: Vec<_> = self.directory.names().collect();
            HostError::Invalid(format!(
                "there is no service `{service}` here; there are: {}",
                names.join(", ")
            ))
        })?;
        let arguments = serde_json::from_str(arguments)
            .map_err(|error| HostError::Invalid(format!("the arguments are no JSON: {error}")))?;
        let answer = known.call(&scope.context, method, arguments).await;
        answer.map(|value| value.to_string()).map_err(|error| match error {
            ServiceError::Invalid(text) => HostError::Invalid(text),
            ServiceError::Denied(text) => HostError::Denied(text),
            other => HostError::Unavailable(other.to_string()),
        })
    }

    async fn call_module(
        &self,
        scope: &CallScope,
        module: &str,
        service: &str,
        method: &str,
        arguments: String,
    ) -> Result<String, HostError> {
        let unknown = |what: String| HostError::Invalid(what);
        let name = module
            .parse()
            .map_err(|error| unknown(format!("`{module}` is no name of a module: {error}")))?;
        let Some(entered) = self.active.enter(&name) else {
            return Err(HostError::Unavailable(format!("module `{name}` does not serve")));
        };
        let declared = entered.manifest.services.iter().find(|it| it.name == service);
        let declared = declared
            .ok_or_else(|| unknown(format!("module `{name}` has no service `{service}`")))?;
        if !declared.methods.iter().any(|it| it.name == method) {
            return Err(unknown(format!("`{name}.{service}` has no method `{method}`")));
        }
        let call = ServiceCall {
            service: service.to_owned(),
            method: method.to_owned(),
            arguments,
            context: scope.context.clone(),
        };
        let answer = match entered.sandbox(Export::ServiceHandler.interface()) {
            Ok(sandbox) => sandbox.call_service(call).await,
            Err(error) => Err(error),
        };
        entered.judged("a service", answer).map_err(|error| match error {
            CallError::Failed(ModuleFailure::Invalid(text)) => HostError::Invalid(text),
            CallError::Failed(ModuleFailure::NotFound(text)) => HostError::Invalid(text),
            _ => HostError::Unavailable(format!("`{name}.{service}` can't now")),
        })
    }
}
