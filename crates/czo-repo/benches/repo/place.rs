//! An empty database for the measurement, which is gone afterwards.

use anyhow::{Context, Result};
use czo_repo::{Database, DatabaseOptions};
use czo_testkit::{Statements, TestDatabase};
use sea_orm::ConnectionTrait;

use crate::note;

/// A database with the tables of this benchmark.
pub(crate) struct Place {
    /// How figures call it.
    pub(crate) name: &'static str,
    /// What is measured: nothing listens to its statements.
    pub(crate) database: Database,
    /// The same database, whose statements are counted.
    pub(crate) counted: Database,
    pub(crate) statements: Statements,
}

impl Place {
    /// Does now what autovacuum does at a moment that nobody knows.
    pub(crate) async fn settle(&self) -> Result<()> {
        let statement = if self.database.is_sqlite() { "ANALYZE" } else { "VACUUM (ANALYZE) note" };
        self.database.execute_unprepared(statement).await?;
        Ok(())
    }
}

/// Runs `work` in a schema of its own on the PostgreSQL of `CZO_TEST_POSTGRES_URL`.
pub(crate) async fn on_postgres<T>(work: impl AsyncFnOnce(Place) -> Result<T>) -> Result<T> {
    within(TestDatabase::postgres().await, "pg", work).await
}

/// Runs `work` on a SQLite file in a temporary folder.
pub(crate) async fn on_sqlite<T>(work: impl AsyncFnOnce(Place) -> Result<T>) -> Result<T> {
    within(TestDatabase::sqlite().await, "sqlite", work).await
}

async fn within<T>(
    database: TestDatabase,
    name: &'static str,
    work: impl AsyncFnOnce(Place) -> Result<T>,
) -> Result<T> {
    let mut outcome = None;
    let run = database.run(async |counted| {
        outcome = Some(measured(&counted, name, work).await);
    });
    run.await;
    outcome.context("the work has ended")?
}

async fn measured<T>(
    counted: &TestDatabase,
    name: &'static str,
    work: impl AsyncFnOnce(Place) -> Result<T>,
) -> Result<T> {
    // One call comes after the other: with one connection, each statement is planned once.
    let options: DatabaseOptions = counted.options().clone().max_connections(1);
    let database = Database::connect(&options).await?;
    note::migrate(&database).await?;
    let (statements, handle) = (counted.statements().clone(), counted.database());
    let outcome =
        work(Place { name, database: database.clone(), counted: handle, statements }).await;
    let closed = database.close().await;
    let value = outcome?;
    closed?;
    Ok(value)
}
