//! `app_token`.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::{AppTokenId, InstallationId};

/// A row of `app_token`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "app_token")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AppTokenId,
    pub app_id: InstallationId,
    pub hash: String,
    pub last4: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
