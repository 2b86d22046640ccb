//! `modules_module`, `modules_generation`, `modules_version`, `modules_file`, `modules_artifact`,
//! `modules_operation`, `modules_step`.
//!
//! Times are milliseconds since 1970, by the clock of the database: nodes compare them in SQL, which
//! both databases do alike with numbers only.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const TABLES: [&str; 7] = [
    "CREATE TABLE modules_module (
        name varchar(32) NOT NULL PRIMARY KEY,
        status varchar(16) NOT NULL CHECK (status IN
            ('installed', 'enabled', 'disabled', 'quarantined', 'failed')),
        source text NOT NULL,
        version_id {uuid},
        generation bigint NOT NULL,
        note text,
        revision bigint NOT NULL,
        created_at bigint NOT NULL,
        updated_at bigint NOT NULL)",
    // Apart from the module: the numbers go on when it is removed and comes back.
    "CREATE TABLE modules_generation (
        module varchar(32) NOT NULL PRIMARY KEY,
        last bigint NOT NULL)",
    "CREATE TABLE modules_version (
        id {uuid} NOT NULL PRIMARY KEY,
        module varchar(32) NOT NULL REFERENCES modules_module (name) ON DELETE CASCADE,
        version text NOT NULL,
        manifest text NOT NULL,
        package_digest varchar(64) NOT NULL,
        grants text NOT NULL,
        created_at bigint NOT NULL)",
    // By the SHA-256 of its bytes, in hexadecimal; once, however many versions have it.
    "CREATE TABLE modules_artifact (
        digest varchar(64) NOT NULL PRIMARY KEY,
        content {bytes} NOT NULL,
        created_at bigint NOT NULL)",
    "CREATE TABLE modules_file (
        version_id {uuid} NOT NULL REFERENCES modules_version (id) ON DELETE CASCADE,
        kind varchar(16) NOT NULL CHECK (kind IN ('wasm', 'asset', 'migration')),
        path text NOT NULL,
        digest varchar(64) NOT NULL REFERENCES modules_artifact (digest),
        size bigint NOT NULL,
        PRIMARY KEY (version_id, kind, path))",
    // No reference to the module: what removed one is remembered, and what adds one begins before it.
    "CREATE TABLE modules_operation (
        id {uuid} NOT NULL PRIMARY KEY,
        module varchar(32) NOT NULL,
        kind varchar(16) NOT NULL CHECK (kind IN
            ('add', 'enable', 'disable', 'update', 'rollback', 'remove')),
        data text NOT NULL,
        fence bigint NOT NULL,
        lease_until bigint NOT NULL,
        started_at bigint NOT NULL,
        finished_at bigint,
        outcome varchar(16) CHECK (outcome IN ('done', 'undone')),
        note text)",
    "CREATE TABLE modules_step (
        operation_id {uuid} NOT NULL REFERENCES modules_operation (id) ON DELETE CASCADE,
        number integer NOT NULL,
        name text NOT NULL,
        data text NOT NULL,
        started_at bigint NOT NULL,
        finished_at bigint,
        PRIMARY KEY (operation_id, number))",
];

const INDEXES: [&str; 4] = [
    // One at a time for a module, on the whole cluster.
    "CREATE UNIQUE INDEX modules_operation_running_key \
     ON modules_operation (module) WHERE finished_at IS NULL",
    "CREATE INDEX modules_operation_module_idx ON modules_operation (module, started_at)",
    "CREATE INDEX modules_version_module_idx ON modules_version (module, created_at)",
    "CREATE INDEX modules_file_digest_idx ON modules_file (digest)",
];

/// Replaces the names in braces by what `backend` says for them.
pub(super) fn sql(template: &str, backend: DbBackend) -> String {
    let words = match backend {
        DbBackend::Postgres => [("{uuid}", "uuid"), ("{bytes}", "bytea")],
        _ => [("{uuid}", "uuid_text"), ("{bytes}", "blob")],
    };
    words.iter().fold(template.to_owned(), |sql, (name, word)| sql.replace(name, word))
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, backend) = (manager.get_connection(), manager.get_database_backend());
        for template in TABLES.iter().chain(&INDEXES) {
            connection.execute_unprepared(&sql(template, backend)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["step", "operation", "file", "artifact", "version", "generation", "module"] {
            let drop = format!("DROP TABLE modules_{table}");
            manager.get_connection().execute_unprepared(&drop).await?;
        }
        Ok(())
    }
}
