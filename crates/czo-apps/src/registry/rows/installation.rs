//! `app_installation`.

use std::fmt;

use chrono::{DateTime, Utc};
use czo_core::{ActorId, ShopId};
use czo_repo::Resource;
use schemars::JsonSchema;
use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::manifest::new_hosts;
use crate::{AppGrant, AppManifest, InstallationId, NewHost};

/// A row of `app_installation`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
#[sea_orm(table_name = "app_installation")]
#[resource(shop_scoped, versioned, soft_delete, timestamps)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InstallationId,
    pub shop_id: ShopId,
    #[sea_orm(column_type = "Text")]
    pub identifier: String,
    pub status: InstallationStatus,
    #[sea_orm(column_type = "JsonBinary")]
    pub manifest: KeptManifest,
    #[sea_orm(column_type = "JsonBinary")]
    pub granted: Grants,
    /// What an update asks for and nobody has consented to.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub pending: Option<Grants>,
    /// What the last update says, where it wants to be at hosts that nobody has consented to.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub offered: Option<KeptManifest>,
    /// What is set up, sealed.
    pub config: Option<Vec<u8>>,
    pub installed_by: Option<ActorId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
    pub deleted_at: Option<DateTime<Utc>>,
}

impl Model {
    /// Where the app wants to be that nobody has consented to.
    pub(crate) fn pending_hosts(&self) -> Vec<NewHost> {
        let offered = self.offered.as_ref();
        offered.map(|offered| new_hosts(&self.manifest.0, &offered.0)).unwrap_or_default()
    }

    /// The manifest that the last update, or the installation, came with.
    pub(crate) fn newest(&self) -> &AppManifest {
        &self.offered.as_ref().unwrap_or(&self.manifest).0
    }
}

/// Whether an app may act.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
#[serde(rename_all = "snake_case")]
pub enum InstallationStatus {
    /// Not yet: the handshake is under way, or was cut off.
    #[sea_orm(string_value = "installing")]
    Installing,
    /// Yes.
    #[sea_orm(string_value = "enabled")]
    Enabled,
    /// Not at the moment.
    #[sea_orm(string_value = "disabled")]
    Disabled,
}

impl fmt::Display for InstallationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Installing => "installing",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        })
    }
}

/// A manifest that was read and found to be good, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct KeptManifest(pub AppManifest);

/// A list of grants, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct Grants(pub Vec<AppGrant>);

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
