//! `app_secret`.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::{AppSecretId, InstallationId};

/// A row of `app_secret`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "app_secret")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AppSecretId,
    pub app_id: InstallationId,
    pub kind: SecretKind,
    pub sealed: Vec<u8>,
    pub created_at: DateTime<Utc>,
    /// Of the current one there is none.
    pub expires_at: Option<DateTime<Utc>>,
}

/// How a secret signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(8))")]
pub enum SecretKind {
    /// By HMAC-SHA256.
    #[sea_orm(string_value = "v1")]
    Secret,
    /// By ed25519.
    #[sea_orm(string_value = "v1a")]
    Key,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
