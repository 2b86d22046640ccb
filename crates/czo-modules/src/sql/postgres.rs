//! Statements on PostgreSQL.

mod decode;
mod encode;
mod numeric;

use czo_repo::Database;
use futures_util::TryStreamExt;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::postgres::{PgArguments, PgConnection, PgRow, Postgres};
use sea_orm::sqlx::{
    self, AssertSqlSafe, Column, Connection, Either, Executor, Row, SqlSafeStr, Statement,
    Transaction,
};

use super::failure::{Measure, of_postgres};
use super::{Checked, SqlRows, TIMEOUT, Task};
use crate::HostError;

/// What a cached plan says when a migration has changed the table meanwhile.
const PLAN_IS_OLD: &str = "0A000";

/// Why a statement has no answer.
enum Failure {
    Database(sqlx::Error),
    /// It was not run.
    Refused(HostError),
    /// Its answer was not read to its end.
    Unread(HostError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        Self::Refused(error)
    }
}

/// What is done in a transaction.
#[derive(Clone, Copy)]
enum Work<'t> {
    /// One statement, for its rows.
    Rows(&'t Task),
    /// Statements, for how many rows each changes.
    Changes(&'t [Task]),
}

/// What came of it.
enum Answer {
    Rows(SqlRows),
    Changes(Vec<u64>),
}

/// Runs one statement for its rows.
pub(super) async fn query(database: &Database, task: &Task) -> Result<SqlRows, HostError> {
    match in_transaction(database, task.checked.is_read, Work::Rows(task)).await? {
        Answer::Rows(rows) => Ok(rows),
        Answer::Changes(_) => Ok(SqlRows::default()),
    }
}

/// Runs all of them, or none, and says how many rows each changed.
pub(super) async fn change(database: &Database, tasks: &[Task]) -> Result<Vec<u64>, HostError> {
    let is_read = tasks.iter().all(|task| task.checked.is_read);
    match in_transaction(database, is_read, Work::Changes(tasks)).await? {
        Answer::Changes(changed) => Ok(changed),
        Answer::Rows(_) => Ok(Vec::new()),
    }
}

/// Does `work` in a transaction in which no statement takes too long. Where a plan has become old, it
/// is done once more with a new one.
async fn in_transaction(
    database: &Database,
    is_read: bool,
    work: Work<'_>,
) -> Result<Answer, HostError> {
    let pool = database.get_postgres_connection_pool();
    let mut connection = pool.acquire().await.map_err(|error| of_postgres(&error))?;
    let mut is_first = true;
    loop {
        match attempt(&mut connection, is_read, work).await {
            Ok(answer) => return Ok(answer),
            Err(Failure::Refused(error)) => return Err(error),
            Err(Failure::Unread(error)) => {
                // Nobody waits for what is on its way.
                close(connection).await;
                return Err(error);
            }
            Err(Failure::Database(error)) if is_first && is_old_plan(&error) => {
                let forgotten = connection.clear_cached_statements().await;
                forgotten.map_err(|error| of_postgres(&error))?;
                is_first = false;
            }
            Err(Failure::Database(error)) => return Err(of_postgres(&error)),
        }
    }
}

async fn attempt(
    connection: &mut PgConnection,
    is_read: bool,
    work: Work<'_>,
) -> Result<Answer, Failure> {
    let (mode, millis) = (if is_read { "READ ONLY" } else { "READ WRITE" }, TIMEOUT.as_millis());
    let begin = format!(
        "BEGIN {mode}; SET LOCAL statement_timeout = {millis}; SET LOCAL lock_timeout = {millis}; \
         SET LOCAL standard_conforming_strings = on"
    );
    let begin = AssertSqlSafe(begin).into_sql_str();
    let mut tx = Transaction::<Postgres>::begin(connection, Some(begin)).await?;
    let answer = match work {
        Work::Rows(task) => Answer::Rows(rows(&mut tx, task).await?),
        Work::Changes(tasks) => {
            let mut changed = Vec::with_capacity(tasks.len());
            for task in tasks {
                let arguments = arguments(&mut tx, task).await?;
                let query = sqlx::query_with(text(&task.checked), arguments);
                changed.push(query.execute(&mut *tx).await?.rows_affected());
            }
            Answer::Changes(changed)
        }
    };
    tx.commit().await?;
    Ok(answer)
}

async fn close(connection: PoolConnection<Postgres>) {
    if let Err(error) = connection.detach().close_hard().await {
        tracing::debug!(%error, "a connection was not closed properly");
    }
}

fn is_old_plan(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).as_deref() == Some(PLAN_IS_OLD)
}

async fn rows(connection: &mut PgConnection, task: &Task) -> Result<SqlRows, Failure> {
    let arguments = arguments(connection, task).await?;
    let mut answer = SqlRows { columns: columns(connection, task).await?, rows: Vec::new() };
    let mut measure = Measure::default();
    let mut found = sqlx::query_with(text(&task.checked), arguments).fetch(&mut *connection);
    while let Some(row) = found.try_next().await? {
        let row = values(&row).map_err(Failure::Unread)?;
        measure.add(&row).map_err(Failure::Unread)?;
        answer.rows.push(row);
    }
    Ok(answer)
}

fn values(row: &PgRow) -> Result<Vec<crate::SqlValue>, HostError> {
    (0..row.len()).map(|index| decode::value(row, index)).collect()
}

async fn columns(connection: &mut PgConnection, task: &Task) -> Result<Vec<String>, Failure> {
    // It is prepared already: nothing is sent.
    let statement = connection.prepare(text(&task.checked).into_sql_str()).await?;
    Ok(statement.columns().iter().map(|column| column.name().to_owned()).collect())
}

/// The values as the server says that it needs them.
async fn arguments(connection: &mut PgConnection, task: &Task) -> Result<PgArguments, Failure> {
    let mut arguments = PgArguments::default();
    if task.values.is_empty() {
        return Ok(arguments);
    }
    let statement = connection.prepare(text(&task.checked).into_sql_str()).await?;
    let Some(Either::Left(needed)) = statement.parameters() else { return Ok(arguments) };
    for (place, (value, needed)) in task.values.iter().zip(needed).enumerate() {
        encode::add(&mut arguments, place + 1, value, needed)?;
    }
    Ok(arguments)
}

/// It was written by `Checked`.
fn text(checked: &Checked) -> AssertSqlSafe<String> {
    AssertSqlSafe(checked.text.clone())
}
