//! `runtime_secret`.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum RuntimeSecret {
    Table,
    Name,
    Bytes,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(RuntimeSecret::Table)
                    .col(ColumnDef::new(RuntimeSecret::Name).text().not_null().primary_key())
                    .col(ColumnDef::new(RuntimeSecret::Bytes).binary().not_null())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(RuntimeSecret::Table).to_owned()).await
    }
}
