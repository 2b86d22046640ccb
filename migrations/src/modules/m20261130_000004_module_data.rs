//! `modules_config`, `modules_kv`, `modules_kv_usage`, `modules_migration`.
//!
//! None refers to `modules_module`: what a module keeps may outlive it. The shop of what belongs to
//! none is the UUID of zeros, since a part of a primary key can't be null.

use sea_orm_migration::prelude::*;

use super::m20261130_000003_modules::sql;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const TABLES: [&str; 4] = [
    "CREATE TABLE modules_config (
        module varchar(32) NOT NULL,
        shop_id {uuid} NOT NULL,
        config text NOT NULL,
        revision bigint NOT NULL,
        updated_at bigint NOT NULL,
        PRIMARY KEY (module, shop_id))",
    // Keys are bytes, which both databases put into the same order. A value that is a whole number is
    // in `number`, where one statement adds to it. `replaced` is the size of what the last write
    // replaced, null where there was nothing: from it the usage is known without reading first.
    "CREATE TABLE modules_kv (
        module varchar(32) NOT NULL,
        shop_id {uuid} NOT NULL,
        key {bytes} NOT NULL,
        value {bytes},
        number bigint,
        size bigint NOT NULL,
        replaced bigint,
        expires_at bigint,
        PRIMARY KEY (module, shop_id, key))",
    // A row for each shop, so that the writers of one wait only for each other.
    "CREATE TABLE modules_kv_usage (
        module varchar(32) NOT NULL,
        shop_id {uuid} NOT NULL,
        keys bigint NOT NULL,
        bytes bigint NOT NULL,
        PRIMARY KEY (module, shop_id))",
    // What of a module's own migrations is applied; how it is taken back is kept with it, for when the
    // package is gone.
    "CREATE TABLE modules_migration (
        module varchar(32) NOT NULL,
        number integer NOT NULL,
        name text NOT NULL,
        checksum varchar(64) NOT NULL,
        down text,
        applied_at bigint NOT NULL,
        PRIMARY KEY (module, number))",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, backend) = (manager.get_connection(), manager.get_database_backend());
        for template in TABLES {
            connection.execute_unprepared(&sql(template, backend)).await?;
        }
        let expiry = "CREATE INDEX modules_kv_expiry_idx ON modules_kv (expires_at) \
                      WHERE expires_at IS NOT NULL";
        connection.execute_unprepared(expiry).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["migration", "kv_usage", "kv", "config"] {
            let drop = format!("DROP TABLE modules_{table}");
            manager.get_connection().execute_unprepared(&drop).await?;
        }
        Ok(())
    }
}
