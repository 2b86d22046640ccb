//! The events about modules.

use czo_core::{CatalogueError, Event, EventCatalogue, SYSTEM_PRODUCER};
use czo_module_package::ModuleName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A module was added, switched on or off, replaced, taken out or given another configuration. Every
/// process does the same when it hears of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event("system.module.changed", version = 1, key = "module")]
#[serde(rename_all = "camelCase")]
pub struct ModuleChanged {
    /// Which.
    pub module: ModuleName,
    /// What happened: `added`, `enabled`, `disabled`, `updated`, `waits`, `rolled-back`, `removed`,
    /// `quarantined`, `failed` or `configured`.
    pub change: String,
    /// The version, after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module_version: Option<String>,
    /// Which activation of it serves after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
}

/// Adds the events about modules to the catalogue of a program.
///
/// # Errors
///
/// When another producer has one of them.
pub fn add_module_events(catalogue: &mut EventCatalogue) -> Result<(), CatalogueError> {
    catalogue.add::<ModuleChanged>(SYSTEM_PRODUCER)
}
