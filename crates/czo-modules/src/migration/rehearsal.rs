//! Migrations are tried where they change nothing.

use std::time::{Duration, Instant};

use sea_orm::sqlx::postgres::Postgres;
use sea_orm::sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{
    self, AssertSqlSafe, ConnectOptions, Connection, Database, Error, Executor, Transaction,
};

use super::file::Step;
use super::{Direction, MigrationPlan, ModuleMigrationError, ModuleMigrations};
use crate::ModuleError;
use crate::sql::sqlite_limits;
use crate::store::dialect::Dialect;

/// How long a rehearsal may take on SQLite, and each of its statements on PostgreSQL.
const TIMEOUT: Duration = Duration::from_secs(30);

/// After how many steps of SQLite's machine the time is looked at.
const STEPS: i32 = 10_000;

impl ModuleMigrations {
    /// Applies all migrations of the plan to a place of its own that is empty, takes all of them back,
    /// and applies them again. Nothing of it stays: on PostgreSQL the place is the schema of temporary
    /// tables, within a transaction that is rolled back, on SQLite a database in memory.
    ///
    /// # Errors
    ///
    /// [`Rehearsal`](ModuleMigrationError::Rehearsal) where one fails or takes too long,
    /// [`NotUndone`](ModuleMigrationError::NotUndone) where something is left after all were taken
    /// back.
    pub async fn rehearse(&self, plan: &MigrationPlan) -> Result<(), ModuleError> {
        let steps = plan.steps(self.dialect);
        match self.dialect {
            Dialect::Postgres => {
                let begin = format!(
                    "BEGIN; SET LOCAL search_path = pg_temp; SET LOCAL statement_timeout = {}",
                    TIMEOUT.as_millis()
                );
                let pool = self.database.get_postgres_connection_pool();
                let tx = pool.begin_with(AssertSqlSafe(begin)).await.map_err(failed)?;
                rehearse::<Postgres>(tx, steps, LEFT_IN_POSTGRES, plan).await
            }
            Dialect::Sqlite => {
                let mut connection = in_memory().await.map_err(failed)?;
                let tx = connection.begin().await.map_err(failed)?;
                let outcome = rehearse::<Sqlite>(tx, steps, LEFT_IN_SQLITE, plan).await;
                if let Err(error) = connection.close().await {
                    tracing::debug!(%error, "a database in memory was not closed properly");
                }
                outcome
            }
        }
    }
}

/// The module's tables and indexes in the scratch place.
const LEFT_IN_POSTGRES: &str = "SELECT relname::text FROM pg_catalog.pg_class \
     WHERE relnamespace = pg_catalog.pg_my_temp_schema() AND relkind IN ('r', 'i') \
     AND pg_catalog.starts_with(relname::text, $1) ORDER BY 1";
const LEFT_IN_SQLITE: &str =
    "SELECT name FROM sqlite_schema WHERE substr(name, 1, length($1)) = $1 ORDER BY 1";

/// An empty database, whose statements are stopped when the time is over.
async fn in_memory() -> Result<SqliteConnection, Error> {
    let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
    let mut connection = options.connect().await?;
    sqlite_limits::set(&mut connection).await?;
    let until = Instant::now() + TIMEOUT;
    connection.lock_handle().await?.set_progress_handler(STEPS, move || Instant::now() < until);
    Ok(connection)
}

async fn rehearse<DB: Database>(
    mut tx: Transaction<'_, DB>,
    steps: &[Step],
    left: &'static str,
    plan: &MigrationPlan,
) -> Result<(), ModuleError>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    for<'q> String: sqlx::Encode<'q, DB> + sqlx::Type<DB> + sqlx::Decode<'q, DB>,
    for<'q> DB::Arguments: sqlx::IntoArguments<DB>,
    usize: sqlx::ColumnIndex<DB::Row>,
{
    run(&mut *tx, steps.iter(), Direction::Up).await?;
    run(&mut *tx, steps.iter().rev(), Direction::Down).await?;
    let prefix = plan.module().table_prefix();
    let tables: Vec<String> =
        sqlx::query_scalar(left).bind(prefix).fetch_all(&mut *tx).await.map_err(failed)?;
    if !tables.is_empty() {
        return Err(ModuleMigrationError::NotUndone { tables }.into());
    }
    run(&mut *tx, steps.iter(), Direction::Up).await?;
    tx.rollback().await.map_err(failed)
}

async fn run<'s, DB: Database>(
    connection: &mut DB::Connection,
    steps: impl Iterator<Item = &'s Step>,
    direction: Direction,
) -> Result<(), ModuleError>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    for step in steps {
        let statements = match direction {
            Direction::Up => &step.up,
            Direction::Down => &step.down,
        };
        for statement in statements {
            let query = sqlx::raw_sql(AssertSqlSafe(statement.text.clone()));
            (&mut *connection).execute(query).await.map_err(|error| {
                let message = match error.as_database_error() {
                    Some(error) => error.message().to_owned(),
                    None => error.to_string(),
                };
                ModuleMigrationError::Rehearsal { name: step.name.clone(), direction, message }
            })?;
        }
    }
    Ok(())
}

fn failed(error: Error) -> ModuleError {
    sea_orm::DbErr::Exec(sea_orm::RuntimeErr::SqlxError(error.into())).into()
}
