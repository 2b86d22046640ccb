//! What the module offers to others by name.

use serde::Serialize;

use crate::bindings::service_handler::exports::czo::module::service_handler::Guest;
use crate::types::{Context, Failure};
use crate::{json, panic};

/// Answers calls of the `services` of the manifest.
pub trait ServiceHandler {
    /// Answers one call; `service` and `method` are those of the manifest.
    ///
    /// The failure is what the caller gets, but for [`Failure::Broken`], whose text stays in the
    /// log.
    fn call(call: ServiceCall) -> Result<serde_json::Value, Failure>;
}

/// A call of one of the module's services.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceCall {
    /// The name of the service in the manifest.
    pub service: String,
    /// The name of the method in the manifest.
    pub method: String,
    /// What it was called with, as JSON.
    pub arguments: String,
    /// For whom and why.
    pub context: Context,
}

impl ServiceCall {
    /// What it was called with, as a type.
    pub fn decode<T: serde::de::DeserializeOwned>(&self) -> Result<T, Failure> {
        json::given(&format!("{}.{}", self.service, self.method), &self.arguments)
    }

    /// What is given back.
    pub fn answer<T: Serialize>(&self, value: T) -> Result<serde_json::Value, Failure> {
        serde_json::to_value(value).map_err(|error| {
            Failure::Broken(format!("the answer of {}.{}: {error}", self.service, self.method))
        })
    }
}

impl<T: ServiceHandler> Guest for T {
    fn call(
        service: String,
        method: String,
        arguments: String,
        context: Context,
    ) -> Result<String, Failure> {
        panic::to_log();
        let value =
            <T as ServiceHandler>::call(ServiceCall { service, method, arguments, context })?;
        Ok(value.to_string())
    }
}
