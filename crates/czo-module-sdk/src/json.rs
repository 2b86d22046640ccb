//! JSON from and to the server, with errors that name what could not be read.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Failure;

/// A value of what somebody else sent, `what` in the message of the error.
pub(crate) fn given<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Invalid(format!("{what}: {error}")))
}

/// A value of what the module itself or the server has kept.
pub(crate) fn kept<T: DeserializeOwned>(what: &str, text: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(text).map_err(|error| Failure::Broken(format!("{what}: {error}")))
}

/// The text of a value of the module.
pub(crate) fn text<T: Serialize + ?Sized>(what: &str, value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::Broken(format!("{what}: {error}")))
}
