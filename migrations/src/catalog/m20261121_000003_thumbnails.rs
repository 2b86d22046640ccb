//! `catalog_thumbnail`.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum CatalogThumbnail {
    Table,
    Id,
    ShopId,
    UrlHash,
    Url,
    State,
    Failure,
    ContentType,
    Content,
    CreatedAt,
    UpdatedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        use CatalogThumbnail as T;
        let table = Table::create()
            .table(T::Table)
            .col(ColumnDef::new(T::Id).uuid().not_null().primary_key())
            .col(ColumnDef::new(T::ShopId).uuid().not_null())
            // SHA-256 of the URL, hexadecimal: URLs are too long for an index.
            .col(ColumnDef::new(T::UrlHash).string_len(64).not_null())
            .col(ColumnDef::new(T::Url).text().not_null())
            .col(ColumnDef::new(T::State).string_len(16).not_null())
            .col(ColumnDef::new(T::Failure).text())
            .col(ColumnDef::new(T::ContentType).text())
            .col(ColumnDef::new(T::Content).blob())
            .col(ColumnDef::new(T::CreatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(T::UpdatedAt).timestamp_with_time_zone().not_null())
            .to_owned();
        manager.create_table(table).await?;
        for (name, column, is_unique) in [
            ("catalog_thumbnail_url_key", T::UrlHash, true),
            ("catalog_thumbnail_state_idx", T::State, false),
        ] {
            let mut index = Index::create().name(name).table(T::Table).to_owned();
            index.col(T::ShopId).col(column);
            if is_unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(CatalogThumbnail::Table).to_owned()).await
    }
}
