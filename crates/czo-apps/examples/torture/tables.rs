//! The tables of the torture: what the writers say is so.

use anyhow::{Context, Result};
use czo_apps::{AppWebhookId, InstallationId};
use czo_core::{ShopId, SystemIds};
use czo_repo::{Database, DatabaseError, UnitOfWork};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use serde_json::json;
use uuid::Uuid;

use super::ledger::Truth;
use super::manner::Manner;

/// How many aggregates there are; the first few are changed far more often than the others.
pub(crate) const AGGREGATES: i32 = 40;

const TABLES: [&str; 2] = [
    "CREATE TABLE torture_aggregate (id integer PRIMARY KEY, version bigint NOT NULL)",
    "CREATE TABLE torture_sent (event_id uuid PRIMARY KEY)",
];

/// Makes the tables of webhooks and of the torture, and a webhook of each manner.
pub(crate) async fn create(
    database: &Database,
    shop: ShopId,
    url: impl Fn(Manner) -> String,
) -> Result<()> {
    let sets = vec![czo_migrations::outbox(), czo_migrations::apps(), czo_migrations::webhooks()];
    czo_migrations::Migrator::new(sets).up(database).await?;
    for table in TABLES {
        database.execute_unprepared(table).await?;
    }
    let rows: Vec<_> = (0..AGGREGATES).map(|id| format!("({id}, 0)")).collect();
    let insert = format!("INSERT INTO torture_aggregate VALUES {}", rows.join(", "));
    database.execute_unprepared(&insert).await?;
    for manner in Manner::ALL {
        webhook(database, shop, manner, &url(manner)).await?;
    }
    Ok(())
}

async fn webhook(database: &Database, shop: ShopId, manner: Manner, url: &str) -> Result<()> {
    let (webhook, app) = (AppWebhookId::generate(&SystemIds), InstallationId::generate(&SystemIds));
    let mut definition = json!({
        "identifier": "changes", "events": ["torture.#"], "targetUrl": url, "mode": "async",
    });
    if manner == Manner::Ordered {
        definition["order"] = json!({ "by": "key" });
    }
    let now = database.now();
    let values: [Value; 7] = [
        app.uuid().into(),
        shop.uuid().into(),
        app.to_string().into(),
        json!({}).into(),
        json!([]).into(),
        now.into(),
        now.into(),
    ];
    let install = "INSERT INTO app_installation (id, shop_id, identifier, status, manifest, \
                   granted, created_at, updated_at, version) \
                   VALUES ($1, $2, $3, 'enabled', $4, $5, $6, $7, 1)";
    database.execute_raw(statement(install, values)).await?;
    let values: [Value; 4] =
        [webhook.uuid().into(), app.uuid().into(), shop.uuid().into(), definition.into()];
    let insert = "INSERT INTO app_webhook (id, app_id, shop_id, identifier, definition, is_active) \
                  VALUES ($1, $2, $3, 'changes', $4, TRUE)";
    database.execute_raw(statement(insert, values)).await?;
    let topic = "INSERT INTO app_webhook_topic (webhook_id, event_type) \
                 VALUES ($1, 'torture.aggregate.changed')";
    database.execute_raw(statement(topic, [webhook.uuid().into()])).await?;
    Ok(())
}

/// Changes an aggregate so many times; returns the last version. The row stays locked.
pub(crate) async fn change(
    tx: &UnitOfWork,
    aggregate: i32,
    times: i64,
) -> Result<i64, DatabaseError> {
    let sql = "UPDATE torture_aggregate SET version = version + $2 WHERE id = $1 RETURNING version";
    let row = tx.query_one_raw(statement(sql, [aggregate.into(), times.into()])).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get("", "version"))?)
}

/// Notes that an event was published, in the same transaction.
pub(crate) async fn note_sent(tx: &UnitOfWork, event: Uuid) -> Result<(), DatabaseError> {
    let insert = "INSERT INTO torture_sent (event_id) VALUES ($1)";
    tx.execute_raw(statement(insert, [event.into()])).await?;
    Ok(())
}

/// How many deliveries are on their way.
pub(crate) async fn left(database: &Database) -> Result<u64> {
    number(database, "SELECT count(*) FROM webhook_delivery").await
}

/// What is so.
pub(crate) async fn truth(database: &Database) -> Result<Truth> {
    let log = "SELECT id FROM webhook_log WHERE state = 3";
    // Those of the webhook that is gone are given up, as they should be.
    let given_up = "SELECT count(*) FROM webhook_log l JOIN app_webhook w ON w.id = l.webhook_id \
                    WHERE l.state = 5 AND w.is_active";
    let disabled = "SELECT count(*) FROM app_webhook WHERE NOT is_active \
                    AND CAST(definition AS text) LIKE '%/Gone\"%'";
    let inactive = "SELECT count(*) FROM app_webhook WHERE NOT is_active";
    Ok(Truth {
        sent: ids(database, "SELECT event_id FROM torture_sent").await?.into_iter().collect(),
        delivered: ids(database, log).await?,
        left: left(database).await?,
        given_up: number(database, given_up).await?,
        gone_is_disabled: number(database, disabled).await? == 1,
        disabled: number(database, inactive).await?,
    })
}

async fn ids(database: &Database, sql: &str) -> Result<Vec<Uuid>> {
    let rows = database.query_all_raw(statement(sql, [])).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

async fn number(database: &Database, sql: &str) -> Result<u64> {
    let row = database.query_one_raw(statement(sql, [])).await?;
    let number: i64 = row.context("a count has a row")?.try_get_by_index(0)?;
    Ok(u64::try_from(number)?)
}

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}
