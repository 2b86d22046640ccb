//! `app_webhook`.

use czo_core::ShopId;
use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{AppWebhookId, InstallationId, Webhook};

/// A row of `app_webhook`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "app_webhook")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AppWebhookId,
    pub app_id: InstallationId,
    pub shop_id: ShopId,
    #[sea_orm(column_type = "Text")]
    pub identifier: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub definition: KeptWebhook,
    pub is_active: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub disabled_reason: Option<String>,
}

/// A webhook of a manifest, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct KeptWebhook(pub Webhook);

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
