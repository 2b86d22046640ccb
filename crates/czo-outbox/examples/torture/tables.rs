//! The tables of the torture: what the writers say is so, and what the consumers were told.

use std::collections::HashMap;

use anyhow::{Context, Result};
use czo_repo::{Database, DatabaseError, UnitOfWork};
use czo_testkit::torture::Dice;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, TryGetable, Value};
use uuid::Uuid;

use super::ledger::Truth;

/// How many aggregates there are; the first few are changed far more often than the others.
pub(crate) const AGGREGATES: i32 = 60;

const TABLES: [&str; 4] = [
    "CREATE TABLE torture_aggregate (id integer PRIMARY KEY, version bigint NOT NULL)",
    "CREATE TABLE torture_sent (event_id text PRIMARY KEY, aggregate integer)",
    "CREATE TABLE torture_handled (event_id text PRIMARY KEY, times bigint NOT NULL)",
    "CREATE TABLE torture_poison (event_id text PRIMARY KEY)",
];

/// What a row is made of that is no event.
const GARBAGE: [&str; 6] =
    ["", "null", "{}", "not JSON", "{\"id\":\"0\",\"type\":\"A.B\"}", "[[[[[[[[[["];

/// Makes the tables of the outbox and of the torture.
pub(crate) async fn create(database: &Database) -> Result<()> {
    czo_migrations::Migrator::new(vec![czo_migrations::outbox()]).up(database).await?;
    for table in TABLES {
        database.execute_unprepared(table).await?;
    }
    let rows: Vec<_> = (0..AGGREGATES).map(|id| format!("({id}, 0)")).collect();
    let insert = format!("INSERT INTO torture_aggregate VALUES {}", rows.join(", "));
    database.execute_unprepared(&insert).await?;
    Ok(())
}

/// Changes an aggregate so many times; returns the last version. The row stays locked.
pub(crate) async fn change(
    tx: &UnitOfWork,
    aggregate: i32,
    times: i64,
) -> Result<i64, DatabaseError> {
    let sql = "UPDATE torture_aggregate SET version = version + $2 WHERE id = $1 RETURNING version";
    let update = statement(tx.get_database_backend(), sql, [aggregate.into(), times.into()]);
    let row = tx.query_one_raw(update).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get("", "version"))?)
}

/// Notes that an event was published, in the same transaction.
pub(crate) async fn note_sent(
    tx: &UnitOfWork,
    event: Uuid,
    aggregate: Option<i32>,
) -> Result<(), DatabaseError> {
    let insert = "INSERT INTO torture_sent (event_id, aggregate) VALUES ($1, $2)";
    tx.execute_raw(statement(
        tx.get_database_backend(),
        insert,
        [event.to_string().into(), aggregate.into()],
    ))
    .await?;
    Ok(())
}

/// Counts that an event was handled.
pub(crate) async fn note_handled(tx: &UnitOfWork, event: Uuid) -> Result<(), DatabaseError> {
    let count = "INSERT INTO torture_handled (event_id, times) VALUES ($1, 1) \
                 ON CONFLICT (event_id) DO UPDATE SET times = torture_handled.times + 1";
    tx.execute_raw(statement(tx.get_database_backend(), count, [event.to_string().into()])).await?;
    Ok(())
}

/// Puts a row into the outbox that is no event, among the events of a key that is in use.
pub(crate) async fn poison(database: &Database, dice: &mut Dice) -> Result<()> {
    let event = Uuid::from_u64_pair(dice.seed(), dice.seed());
    let garbage = dice.pick(&GARBAGE).copied().unwrap_or_default();
    let for_nobody = dice.happens(200);
    let insert = "INSERT INTO outbox_event (partition, event_id, event_type, version, source, \
        correlation_id, occurred_at, ordering_key, event, target) \
        SELECT partition, $1, event_type, version, source, correlation_id, occurred_at, \
        ordering_key, CASE WHEN $3 THEN event ELSE $2 END, CASE WHEN $3 THEN 'No group!' END \
        FROM event_log WHERE ordering_key IS NOT NULL ORDER BY position DESC LIMIT 1";
    let note = "INSERT INTO torture_poison (event_id) VALUES ($1)";
    let poison = database.transaction(async |tx| {
        let values = [event.into(), garbage.into(), for_nobody.into()];
        if tx
            .execute_raw(statement(tx.get_database_backend(), insert, values))
            .await?
            .rows_affected()
            == 1
        {
            tx.execute_raw(statement(tx.get_database_backend(), note, [event.to_string().into()]))
                .await?;
        }
        Ok::<_, DatabaseError>(())
    });
    Ok(poison.await?)
}

/// How many events are on their way.
pub(crate) async fn left(database: &Database) -> Result<u64> {
    number(database, "SELECT count(*) AS number FROM outbox_event").await
}

/// What is so.
pub(crate) async fn truth(database: &Database) -> Result<Truth> {
    let ids = async |sql: &str| -> Result<Vec<Uuid>> {
        let rows =
            database.query_all_raw(statement(database.get_database_backend(), sql, [])).await?;
        rows.iter().map(event_id).collect()
    };
    let mut handled = HashMap::new();
    let sql = "SELECT event_id, times FROM torture_handled";
    for row in database.query_all_raw(statement(database.get_database_backend(), sql, [])).await? {
        handled.insert(event_id(&row)?, get(&row, "times")?);
    }
    let mut parked = Vec::new();
    let sql = "SELECT event_id FROM outbox_parked";
    for row in database.query_all_raw(statement(database.get_database_backend(), sql, [])).await? {
        parked.push(get(&row, "event_id")?);
    }
    Ok(Truth {
        sent: ids("SELECT event_id FROM torture_sent").await?.into_iter().collect(),
        changes: number(
            database,
            "SELECT CAST(sum(version) AS bigint) AS number FROM torture_aggregate",
        )
        .await?,
        handled,
        poison: ids("SELECT event_id FROM torture_poison").await?.into_iter().collect(),
        parked,
        left: left(database).await?,
        lease_changes: number(
            database,
            "SELECT CAST(sum(fence) AS bigint) AS number FROM outbox_lease",
        )
        .await?,
    })
}

async fn number(database: &Database, sql: &str) -> Result<u64> {
    let row = database.query_one_raw(statement(database.get_database_backend(), sql, [])).await?;
    let number: i64 = get(&row.context("a count has a row")?, "number")?;
    Ok(u64::try_from(number)?)
}

fn event_id(row: &QueryResult) -> Result<Uuid> {
    Ok(get::<String>(row, "event_id")?.parse()?)
}

fn get<T: TryGetable>(row: &QueryResult, column: &str) -> Result<T> {
    Ok(row.try_get("", column)?)
}

fn statement<I>(backend: DbBackend, sql: &str, values: I) -> Statement
where
    I: IntoIterator<Item = Value>,
{
    Statement::from_sql_and_values(backend, sql, values)
}
