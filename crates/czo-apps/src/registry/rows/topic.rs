//! `app_webhook_topic`.

use sea_orm::entity::prelude::*;

use crate::AppWebhookId;

/// A row of `app_webhook_topic`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "app_webhook_topic")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub webhook_id: AppWebhookId,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub event_type: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
