//! `app_installation.offered`: a manifest that wants to be at other hosts, until somebody consents.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let json = match manager.get_database_backend() {
            DbBackend::Postgres => "jsonb",
            _ => "jsonb_text",
        };
        let sql = format!("ALTER TABLE app_installation ADD COLUMN offered {json}");
        manager.get_connection().execute_unprepared(&sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE app_installation DROP COLUMN offered";
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
