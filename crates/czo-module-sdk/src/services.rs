//! Services of the server and of other modules: those in `permissions.services` of the manifest.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::imports::czo::module::services as host;
use crate::{Failure, json};

/// Calls a method and returns its answer. `service` is `<module>.<service>`, or the name of a
/// service of the server.
///
/// [`Failure::Broken`] if the answer does not fit the type.
pub fn call<R: DeserializeOwned>(
    service: &str,
    method: &str,
    arguments: &(impl Serialize + ?Sized),
) -> Result<R, Failure> {
    let answer = host::call(service, method, &json::text(service, arguments)?)?;
    json::kept(&format!("the answer of {service}.{method}"), answer.as_bytes())
}
