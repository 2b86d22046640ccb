//! The module's configuration.

use serde::de::DeserializeOwned;

use crate::bindings::imports::czo::module::config as host;
use crate::{Failure, json};

/// The configuration for the shop of the call, as the schema `config` of the manifest describes
/// it, defaults filled in.
///
/// [`Failure::Broken`] if the type does not fit the schema.
pub fn get<T: DeserializeOwned>() -> Result<T, Failure> {
    json::kept("the configuration", host::get().as_bytes())
}
