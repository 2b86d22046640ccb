//! `catalog_import` and `catalog_import_chunk`.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum CatalogImport {
    Table,
    Id,
    ShopId,
    JobId,
    Bytes,
    Chunks,
    Report,
    Failure,
    FinishedAt,
    CreatedAt,
    UpdatedAt,
}

#[derive(DeriveIden)]
enum CatalogImportChunk {
    Table,
    ImportId,
    Position,
    Content,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(imports()).await?;
        manager.create_table(chunks()).await?;
        // Those that are not finished are looked through now and then; there are few.
        let unfinished = "CREATE INDEX catalog_import_unfinished_idx ON catalog_import (id) WHERE finished_at IS NULL";
        manager.get_connection().execute_unprepared(unfinished).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(CatalogImportChunk::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(CatalogImport::Table).to_owned()).await
    }
}

fn imports() -> TableCreateStatement {
    use CatalogImport as I;
    Table::create()
        .table(I::Table)
        .col(ColumnDef::new(I::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(I::ShopId).uuid().not_null())
        // The job that does it; none while the upload is under way.
        .col(ColumnDef::new(I::JobId).uuid())
        .col(ColumnDef::new(I::Bytes).big_integer().not_null())
        .col(ColumnDef::new(I::Chunks).integer().not_null())
        // JSON text: it may hold characters that `jsonb` does not take.
        .col(ColumnDef::new(I::Report).text())
        .col(ColumnDef::new(I::Failure).text())
        .col(ColumnDef::new(I::FinishedAt).timestamp_with_time_zone())
        .col(ColumnDef::new(I::CreatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(I::UpdatedAt).timestamp_with_time_zone().not_null())
        .to_owned()
}

fn chunks() -> TableCreateStatement {
    use CatalogImportChunk as C;
    Table::create()
        .table(C::Table)
        .col(ColumnDef::new(C::ImportId).uuid().not_null())
        .col(ColumnDef::new(C::Position).integer().not_null())
        .col(ColumnDef::new(C::Content).blob().not_null())
        .primary_key(Index::create().col(C::ImportId).col(C::Position))
        .foreign_key(
            ForeignKey::create()
                .name("catalog_import_chunk_import_fk")
                .from(C::Table, C::ImportId)
                .to(CatalogImport::Table, CatalogImport::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
