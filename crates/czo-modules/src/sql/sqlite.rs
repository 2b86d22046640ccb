//! Statements on SQLite.

pub(crate) mod limits;

use std::time::Instant;

use czo_repo::Database;
use futures_util::TryStreamExt;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::sqlite::{
    Sqlite, SqliteArguments, SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions,
    SqliteRow,
};
use sea_orm::sqlx::{
    self, Arguments, AssertSqlSafe, Column, Decode, Executor, Row, SqlSafeStr, Statement,
    Transaction, TypeInfo, ValueRef,
};

use super::failure::{Measure, of_sqlite, unavailable};
use super::{Checked, SqlRows, SqlValue, TIMEOUT, Task};
use crate::HostError;

/// How many connections are open at most. Readers are in nobody's way; writers take turns.
const CONNECTIONS: u32 = 4;

/// After how many steps of SQLite's machine the time is looked at: about every millisecond.
const STEPS: i32 = 10_000;

/// Connections on which statements of modules run, and nothing else.
pub(super) struct SqliteStatements(SqlitePool);

impl SqliteStatements {
    /// None where the database is another.
    pub(super) fn of(database: &Database) -> Option<Self> {
        let path = database.url().sqlite_path()?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .foreign_keys(true)
            .busy_timeout(TIMEOUT)
            .pragma("synchronous", "NORMAL")
            // What is written into the file is no reason to run anything.
            .pragma("trusted_schema", "OFF");
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(TIMEOUT)
            .test_before_acquire(false)
            .after_connect(|connection, _| Box::pin(limits::set(connection)))
            .connect_lazy_with(options);
        Some(Self(pool))
    }

    /// Runs one statement for its rows.
    pub(super) async fn query(
        &self,
        database: &Database,
        task: &Task,
    ) -> Result<SqlRows, HostError> {
        if task.checked.is_read {
            let mut connection = self.connection().await?;
            return rows(&mut connection, task).await;
        }
        let _turn = database.writer_turn().await.map_err(|_| busy())?;
        let mut connection = self.connection().await?;
        let mut tx = begin(&mut connection).await.map_err(|error| of_sqlite(&error))?;
        let answer = rows(&mut tx, task).await?;
        tx.commit().await.map_err(|error| of_sqlite(&error))?;
        Ok(answer)
    }

    /// Runs all of them, or none, and says how many rows each changed.
    pub(super) async fn change(
        &self,
        database: &Database,
        tasks: &[Task],
    ) -> Result<Vec<u64>, HostError> {
        let _turn = database.writer_turn().await.map_err(|_| busy())?;
        let mut connection = self.connection().await?;
        change(&mut connection, tasks).await.map_err(|error| of_sqlite(&error))
    }

    /// A connection whose statements are stopped when the time is over.
    async fn connection(&self) -> Result<PoolConnection<Sqlite>, HostError> {
        let mut connection = self.0.acquire().await.map_err(|error| of_sqlite(&error))?;
        let until = Instant::now() + TIMEOUT;
        let mut handle = connection.lock_handle().await.map_err(|error| of_sqlite(&error))?;
        // It replaces that of the call before. Nothing runs in between.
        handle.set_progress_handler(STEPS, move || Instant::now() < until);
        drop(handle);
        Ok(connection)
    }
}

/// The write lock at once: who reads first and writes later fails when another writer comes in
/// between.
async fn begin(connection: &mut SqliteConnection) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
    Transaction::begin(connection, Some("BEGIN IMMEDIATE".into_sql_str())).await
}

async fn change(
    connection: &mut SqliteConnection,
    tasks: &[Task],
) -> Result<Vec<u64>, sqlx::Error> {
    let mut tx = begin(connection).await?;
    let mut changed = Vec::with_capacity(tasks.len());
    for task in tasks {
        let query = sqlx::query_with(text(&task.checked), arguments(task)?);
        let done = query.execute(&mut *tx).await?;
        // SQLite says what the last statement changed that changes anything.
        changed.push(if task.checked.is_read { 0 } else { done.rows_affected() });
    }
    tx.commit().await?;
    Ok(changed)
}

fn busy() -> HostError {
    HostError::Unavailable("the database is being written to: try again".to_owned())
}

async fn rows(connection: &mut SqliteConnection, task: &Task) -> Result<SqlRows, HostError> {
    let failed = |error: sqlx::Error| of_sqlite(&error);
    let mut answer = SqlRows::default();
    let mut measure = Measure::default();
    let arguments = arguments(task).map_err(failed)?;
    let mut found = sqlx::query_with(text(&task.checked), arguments).fetch(&mut *connection);
    while let Some(row) = found.try_next().await.map_err(failed)? {
        if answer.columns.is_empty() {
            answer.columns = row.columns().iter().map(|column| column.name().to_owned()).collect();
        }
        let row = (0..row.len()).map(|index| value(&row, index)).collect::<Result<Vec<_>, _>>()?;
        measure.add(&row)?;
        answer.rows.push(row);
    }
    drop(found);
    if answer.columns.is_empty() {
        let statement = connection.prepare(text(&task.checked).into_sql_str()).await;
        let statement = statement.map_err(failed)?;
        answer.columns =
            statement.columns().iter().map(|column| column.name().to_owned()).collect();
    }
    Ok(answer)
}

/// It was written by `Checked`.
fn text(checked: &Checked) -> AssertSqlSafe<String> {
    AssertSqlSafe(checked.text.clone())
}

fn arguments(task: &Task) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in &task.values {
        match value {
            SqlValue::Null => arguments.add(Option::<i64>::None),
            SqlValue::Boolean(value) => arguments.add(*value),
            SqlValue::Integer(number) => arguments.add(*number),
            SqlValue::Real(number) => arguments.add(*number),
            SqlValue::Text(text) => arguments.add(text.clone()),
            SqlValue::Bytes(bytes) => arguments.add(bytes.clone()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// A value of a row, as what it is there, whatever its column says.
pub(crate) fn value(row: &SqliteRow, index: usize) -> Result<SqlValue, HostError> {
    let found = row.try_get_raw(index).map_err(|error| unavailable(&error))?;
    if found.is_null() {
        return Ok(SqlValue::Null);
    }
    let kind = found.type_info().name().to_owned();
    let read = match kind.as_str() {
        "INTEGER" | "BOOLEAN" => Decode::<Sqlite>::decode(found).map(SqlValue::Integer),
        "REAL" => Decode::<Sqlite>::decode(found).map(SqlValue::Real),
        "BLOB" => Decode::<Sqlite>::decode(found).map(SqlValue::Bytes),
        _ => Decode::<Sqlite>::decode(found).map(SqlValue::Text),
    };
    read.map_err(|error| HostError::Invalid(format!("a {kind} cannot be handed over: {error}")))
}
