//! What may be known of an installation.

use chrono::{DateTime, Utc};
use czo_core::{ActorId, ShopId};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::rows::installation::{InstallationStatus, Model};
use super::rows::webhook;
use crate::{AppGrant, AppManifest, AppWebhookId, InstallationId, NewHost, Webhook};

/// One app in one shop, as may be known of it: without tokens, secrets and what is set up.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Installation {
    /// Its id.
    pub id: InstallationId,
    /// The shop.
    pub shop_id: ShopId,
    /// Whether the app may act.
    pub status: InstallationStatus,
    /// What the app says of itself, as far as it counts: at the hosts that were consented to.
    #[schemars(with = "Value")]
    pub manifest: AppManifest,
    /// What it is allowed.
    pub granted: Vec<AppGrant>,
    /// What an update asks for and nobody has consented to yet.
    pub pending: Vec<AppGrant>,
    /// Where an update would have the app, and nobody has consented to yet.
    pub pending_hosts: Vec<NewHost>,
    /// Whether something is set up.
    pub is_configured: bool,
    /// Who installed it, if that was somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installed_by: Option<ActorId>,
    /// When it was installed.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Grows by one with every change.
    pub version: i32,
}

impl Installation {
    pub(super) fn of(row: Model) -> Self {
        let pending_hosts = row.pending_hosts();
        Self {
            id: row.id,
            shop_id: row.shop_id,
            status: row.status,
            manifest: row.manifest.0,
            granted: row.granted.0,
            pending: row.pending.map(|pending| pending.0).unwrap_or_default(),
            pending_hosts,
            is_configured: row.config.is_some(),
            installed_by: row.installed_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}

/// A webhook of an app, and whether it is used.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AppWebhook {
    /// Its id, by which deliveries name it.
    pub id: AppWebhookId,
    /// Whether messages are sent to it.
    pub is_active: bool,
    /// Why not: `app_disabled`, or what the receiver answered for too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
    /// What the manifest says of it.
    #[schemars(with = "Value")]
    pub definition: Webhook,
}

impl AppWebhook {
    pub(super) fn of(row: webhook::Model) -> Self {
        Self {
            id: row.id,
            is_active: row.is_active,
            disabled_reason: row.disabled_reason,
            definition: row.definition.0,
        }
    }
}
