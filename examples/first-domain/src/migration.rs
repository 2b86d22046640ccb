//! The table of the board.

use czo_domain::MigrationSet;
use czo_migrations::sea_orm_migration::prelude::*;

pub(crate) fn reviews() -> MigrationSet {
    MigrationSet::new("reviews", || vec![Box::new(Waiting)])
}

struct Waiting;

impl MigrationName for Waiting {
    fn name(&self) -> &'static str {
        "m20261121_000001_waiting"
    }
}

#[async_trait::async_trait]
#[expect(elided_lifetimes_in_paths, reason = "the trait elides them too")]
impl MigrationTrait for Waiting {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("reviews_waiting")
            .col(ColumnDef::new("product_id").uuid().not_null().primary_key())
            .col(ColumnDef::new("title").text().not_null())
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("reviews_waiting").to_owned()).await
    }
}
