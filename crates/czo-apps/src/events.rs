//! The events of apps. None of them has a secret.

use czo_core::{CatalogueError, Event, EventCatalogue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AppGrant, AppId, InstallationId, InstallationStatus};

/// Who publishes these events.
pub(crate) const PRODUCER: &str = "app";

/// An app was installed in a shop, and may act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event("app.installation.created", version = 1, key = "installation_id")]
#[serde(rename_all = "camelCase")]
pub struct AppInstalled {
    /// The installation.
    pub installation_id: InstallationId,
    /// Which app.
    pub identifier: AppId,
    /// The version of the app.
    pub app_version: String,
    /// What it is allowed.
    pub granted: Vec<AppGrant>,
}

/// Something about an installed app has changed: what it says of itself, what it is allowed, how it
/// is set up, or whether it may act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event("app.installation.updated", version = 1, key = "installation_id")]
#[serde(rename_all = "camelCase")]
pub struct AppUpdated {
    /// The installation.
    pub installation_id: InstallationId,
    /// Which app.
    pub identifier: AppId,
    /// The version of the app, after the change.
    pub app_version: String,
    /// Whether it may act, after the change.
    pub status: InstallationStatus,
    /// What it is allowed, after the change.
    pub granted: Vec<AppGrant>,
    /// What it asks for and nobody has consented to, after the change.
    pub pending: Vec<AppGrant>,
    /// What has changed: `manifest`, `granted`, `pending`, `config`, `status`, `secret` or `token`.
    pub changed: Vec<String>,
}

/// An app was uninstalled. What it was told and what it was set up with is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event("app.installation.deleted", version = 1, key = "installation_id")]
#[serde(rename_all = "camelCase")]
pub struct AppUninstalled {
    /// The installation.
    pub installation_id: InstallationId,
    /// Which app.
    pub identifier: AppId,
}

/// Adds the events of apps to the catalogue of a program.
///
/// # Errors
///
/// When another producer has one of them.
pub fn add_app_events(catalogue: &mut EventCatalogue) -> Result<(), CatalogueError> {
    catalogue.add::<AppInstalled>(PRODUCER)?;
    catalogue.add::<AppUpdated>(PRODUCER)?;
    catalogue.add::<AppUninstalled>(PRODUCER)
}
