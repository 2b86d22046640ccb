//! Environment variables in `permissions.env` of the manifest.

use crate::bindings::imports::czo::module::secrets as host;
use crate::{Failure, HostError};

/// The value of a variable, where the server has it.
pub fn get(name: &str) -> Result<Option<String>, HostError> {
    host::get(name)
}

/// The value of a variable that the module can't do without; [`Failure::Broken`] where the server
/// has not got it.
pub fn require(name: &str) -> Result<String, Failure> {
    get(name)?.ok_or_else(|| Failure::Broken(format!("the environment variable {name} is not set")))
}
