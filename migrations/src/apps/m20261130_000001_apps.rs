//! `app_installation`, `app_token`, `app_secret`, `app_webhook`, `app_webhook_topic`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const TABLES: [&str; 5] = [
    "CREATE TABLE app_installation (
        id {uuid} NOT NULL PRIMARY KEY,
        shop_id {uuid} NOT NULL,
        identifier text NOT NULL,
        status varchar(16) NOT NULL CHECK (status IN ('installing', 'enabled', 'disabled')),
        manifest {json} NOT NULL,
        granted {json} NOT NULL,
        pending {json},
        config {bytes},
        installed_by {uuid},
        created_at {time} NOT NULL,
        updated_at {time} NOT NULL,
        version integer NOT NULL,
        deleted_at {time})",
    // The hash is SHA-256 in hexadecimal; the token itself is nowhere.
    "CREATE TABLE app_token (
        id {uuid} NOT NULL PRIMARY KEY,
        app_id {uuid} NOT NULL REFERENCES app_installation (id) ON DELETE CASCADE,
        hash varchar(64) NOT NULL UNIQUE,
        last4 varchar(4) NOT NULL,
        created_at {time} NOT NULL,
        expires_at {time} NOT NULL,
        revoked_at {time})",
    // What has no end is the current one.
    "CREATE TABLE app_secret (
        id {uuid} NOT NULL PRIMARY KEY,
        app_id {uuid} NOT NULL REFERENCES app_installation (id) ON DELETE CASCADE,
        kind varchar(8) NOT NULL CHECK (kind IN ('v1', 'v1a')),
        sealed {bytes} NOT NULL,
        created_at {time} NOT NULL,
        expires_at {time})",
    "CREATE TABLE app_webhook (
        id {uuid} NOT NULL PRIMARY KEY,
        app_id {uuid} NOT NULL REFERENCES app_installation (id) ON DELETE CASCADE,
        shop_id {uuid} NOT NULL,
        identifier text NOT NULL,
        definition {json} NOT NULL,
        is_active boolean NOT NULL,
        disabled_reason text)",
    // By the type first: a dispatcher asks who wants it.
    "CREATE TABLE app_webhook_topic (
        webhook_id {uuid} NOT NULL REFERENCES app_webhook (id) ON DELETE CASCADE,
        event_type text NOT NULL,
        PRIMARY KEY (event_type, webhook_id))",
];

const INDEXES: [&str; 6] = [
    // An app that was uninstalled can be installed again.
    "CREATE UNIQUE INDEX app_installation_identifier_key \
     ON app_installation (shop_id, identifier) WHERE deleted_at IS NULL",
    "CREATE INDEX app_installation_unfinished_idx \
     ON app_installation (created_at) WHERE status = 'installing'",
    "CREATE INDEX app_token_app_idx ON app_token (app_id)",
    "CREATE INDEX app_secret_app_idx ON app_secret (app_id)",
    "CREATE UNIQUE INDEX app_webhook_identifier_key ON app_webhook (app_id, identifier)",
    "CREATE INDEX app_webhook_topic_webhook_idx ON app_webhook_topic (webhook_id)",
];

/// Replaces the names in braces by what `backend` says for them.
fn sql(template: &str, backend: DbBackend) -> String {
    let words = match backend {
        DbBackend::Postgres => [
            ("{uuid}", "uuid"),
            ("{json}", "jsonb"),
            ("{bytes}", "bytea"),
            ("{time}", "timestamp with time zone"),
        ],
        _ => [
            ("{uuid}", "uuid_text"),
            ("{json}", "jsonb_text"),
            ("{bytes}", "blob"),
            ("{time}", "timestamp_with_timezone_text"),
        ],
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
        for table in ["webhook_topic", "webhook", "secret", "token", "installation"] {
            let drop = format!("DROP TABLE app_{table}");
            manager.get_connection().execute_unprepared(&drop).await?;
        }
        Ok(())
    }
}
