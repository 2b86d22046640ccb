//! `catalog_import`.

use chrono::{DateTime, Utc};
use czo_core::{JobId, ShopId};
use czo_repo::Resource;
use sea_orm::entity::prelude::*;

use crate::ImportId;

/// A row of `catalog_import`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
#[sea_orm(table_name = "catalog_import")]
#[resource(shop_scoped, timestamps)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ImportId,
    pub shop_id: ShopId,
    /// The job that does it; none while the upload is under way.
    pub job_id: Option<JobId>,
    pub bytes: i64,
    pub chunks: i32,
    /// What it did, as JSON text, once it is done.
    #[sea_orm(column_type = "Text", nullable)]
    pub report: Option<String>,
    /// Why it can't be done, once that is known.
    #[sea_orm(column_type = "Text", nullable)]
    pub failure: Option<String>,
    pub finished_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
