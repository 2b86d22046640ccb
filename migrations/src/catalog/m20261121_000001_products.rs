//! `catalog_product` and `catalog_variant`.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum CatalogProduct {
    Table,
    Id,
    ShopId,
    Handle,
    Title,
    DescriptionHtml,
    Vendor,
    ProductType,
    Status,
    Options,
    Images,
    Tags,
    Version,
    CreatedAt,
    UpdatedAt,
    DeletedAt,
}

#[derive(DeriveIden)]
enum CatalogVariant {
    Table,
    Id,
    ProductId,
    ShopId,
    Position,
    OptionValues,
    Sku,
    Barcode,
    PriceMinor,
    CompareAtMinor,
    Currency,
    InventoryQuantity,
    CreatedAt,
    UpdatedAt,
    DeletedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(products()).await?;
        manager.create_table(variants()).await?;

        // Values of deleted rows may be used again, so uniqueness covers the living rows only.
        // sea-query's builder has no partial index that both databases share; the SQL is.
        let connection = manager.get_connection();
        for index in [
            "CREATE UNIQUE INDEX catalog_product_handle_key ON catalog_product (shop_id, handle) WHERE deleted_at IS NULL",
            // Newest first is the order of every list; ids are UUIDv7.
            "CREATE INDEX catalog_product_list_idx ON catalog_product (shop_id, status, id) WHERE deleted_at IS NULL",
            "CREATE UNIQUE INDEX catalog_variant_sku_key ON catalog_variant (shop_id, sku) WHERE deleted_at IS NULL AND sku IS NOT NULL",
            "CREATE INDEX catalog_variant_product_idx ON catalog_variant (product_id, position) WHERE deleted_at IS NULL",
        ] {
            connection.execute_unprepared(index).await?;
        }
        if manager.get_database_backend() == sea_orm::DbBackend::Postgres {
            let tags = "CREATE INDEX catalog_product_tags_idx ON catalog_product USING gin (tags)";
            connection.execute_unprepared(tags).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(CatalogVariant::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(CatalogProduct::Table).to_owned()).await
    }
}

fn products() -> TableCreateStatement {
    use CatalogProduct as P;
    Table::create()
        .table(P::Table)
        .col(ColumnDef::new(P::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(P::ShopId).uuid().not_null())
        .col(ColumnDef::new(P::Handle).text().not_null())
        .col(ColumnDef::new(P::Title).text().not_null())
        .col(ColumnDef::new(P::DescriptionHtml).text().not_null())
        .col(ColumnDef::new(P::Vendor).text().not_null())
        .col(ColumnDef::new(P::ProductType).text().not_null())
        .col(ColumnDef::new(P::Status).string_len(16).not_null())
        // Options, images and tags are values of the product, read and written with it, so they
        // stand in its row: a product page is two statements.
        .col(ColumnDef::new(P::Options).json_binary().not_null())
        .col(ColumnDef::new(P::Images).json_binary().not_null())
        .col(ColumnDef::new(P::Tags).json_binary().not_null())
        .col(ColumnDef::new(P::Version).integer().not_null())
        .col(ColumnDef::new(P::CreatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(P::UpdatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(P::DeletedAt).timestamp_with_time_zone())
        .to_owned()
}

fn variants() -> TableCreateStatement {
    use CatalogVariant as V;
    Table::create()
        .table(V::Table)
        .col(ColumnDef::new(V::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(V::ProductId).uuid().not_null())
        .col(ColumnDef::new(V::ShopId).uuid().not_null())
        .col(ColumnDef::new(V::Position).integer().not_null())
        .col(ColumnDef::new(V::OptionValues).json_binary().not_null())
        .col(ColumnDef::new(V::Sku).text())
        .col(ColumnDef::new(V::Barcode).text())
        .col(ColumnDef::new(V::PriceMinor).big_integer().not_null())
        .col(ColumnDef::new(V::CompareAtMinor).big_integer())
        .col(ColumnDef::new(V::Currency).string_len(3).not_null())
        .col(ColumnDef::new(V::InventoryQuantity).integer().not_null())
        .col(ColumnDef::new(V::CreatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(V::UpdatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(V::DeletedAt).timestamp_with_time_zone())
        .foreign_key(
            ForeignKey::create()
                .name("catalog_variant_product_fk")
                .from(V::Table, V::ProductId)
                .to(CatalogProduct::Table, CatalogProduct::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
