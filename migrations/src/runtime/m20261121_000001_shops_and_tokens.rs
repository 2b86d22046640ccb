//! `runtime_shop` and `runtime_access_token`.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum RuntimeShop {
    Table,
    Id,
    Name,
    Currency,
    CreatedAt,
}

#[derive(DeriveIden)]
enum RuntimeAccessToken {
    Table,
    Id,
    Name,
    Hash,
    Role,
    CreatedAt,
    RevokedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(RuntimeShop::Table)
                    .col(ColumnDef::new(RuntimeShop::Id).uuid().not_null().primary_key())
                    .col(ColumnDef::new(RuntimeShop::Name).text().not_null())
                    .col(ColumnDef::new(RuntimeShop::Currency).string_len(3).not_null())
                    .col(
                        ColumnDef::new(RuntimeShop::CreatedAt)
                            .timestamp_with_time_zone()
                            .not_null(),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(RuntimeAccessToken::Table)
                    .col(ColumnDef::new(RuntimeAccessToken::Id).uuid().not_null().primary_key())
                    .col(ColumnDef::new(RuntimeAccessToken::Name).text().not_null())
                    // SHA-256 in hexadecimal; the token itself is nowhere.
                    .col(
                        ColumnDef::new(RuntimeAccessToken::Hash)
                            .string_len(64)
                            .not_null()
                            .unique_key(),
                    )
                    .col(ColumnDef::new(RuntimeAccessToken::Role).text().not_null())
                    .col(
                        ColumnDef::new(RuntimeAccessToken::CreatedAt)
                            .timestamp_with_time_zone()
                            .not_null(),
                    )
                    .col(ColumnDef::new(RuntimeAccessToken::RevokedAt).timestamp_with_time_zone())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(RuntimeAccessToken::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(RuntimeShop::Table).to_owned()).await
    }
}
