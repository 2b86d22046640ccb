//! `catalog_thumbnail`.

use chrono::{DateTime, Utc};
use czo_core::ShopId;
use czo_repo::Resource;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::ThumbnailId;

/// A row of `catalog_thumbnail`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Resource)]
#[sea_orm(table_name = "catalog_thumbnail")]
#[resource(shop_scoped, timestamps)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ThumbnailId,
    pub shop_id: ShopId,
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub url_hash: String,
    #[sea_orm(column_type = "Text")]
    pub url: String,
    pub state: ThumbnailState,
    #[sea_orm(column_type = "Text", nullable)]
    pub failure: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub content_type: Option<String>,
    #[sea_orm(column_type = "Blob", nullable)]
    pub content: Option<Vec<u8>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Where a thumbnail stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum ThumbnailState {
    /// Its image is still to be fetched.
    #[sea_orm(string_value = "waiting")]
    Waiting,
    /// It is there.
    #[sea_orm(string_value = "done")]
    Done,
    /// There is none.
    #[sea_orm(string_value = "failed")]
    Failed,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
