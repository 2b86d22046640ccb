//! `outbox_mirror_event`, `outbox_mirror_parked`, `outbox_mirror_lease`, `outbox_mirror_member`:
//! a second stream of events, for a second bus, in tables like those of the first.

use sea_orm_migration::prelude::*;

use super::m20261121_000001_outbox::{create_stream, drop_stream};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const PREFIX: &str = "outbox_mirror_";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_stream(manager, PREFIX).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_stream(manager, PREFIX).await
    }
}
