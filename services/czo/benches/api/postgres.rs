//! A PostgreSQL database for one run.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use czo_repo::{Database, DatabaseOptions};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Where the server is, if `CZO_TEST_POSTGRES_URL` does not say.
const DEFAULT_URL: &str = "postgres://postgres@127.0.0.1:5432/postgres";
/// Databases of runs that were killed are dropped after this long.
const LEFTOVER_SECONDS: u64 = 3_600;

/// A database made for this run.
#[derive(Debug)]
pub(crate) struct BenchDatabase {
    /// A connection to the database that was there before.
    admin: Database,
    name: String,
    url: String,
}

impl BenchDatabase {
    /// Makes an empty database on the server of `CZO_TEST_POSTGRES_URL`.
    pub(crate) async fn create() -> Result<Self> {
        let admin_url =
            std::env::var("CZO_TEST_POSTGRES_URL").unwrap_or_else(|_| DEFAULT_URL.to_owned());
        let admin = connect(&admin_url)
            .await
            .context("no PostgreSQL to measure; `cargo xtask bench api` provides one")?;
        drop_leftovers(&admin).await?;
        let name = format!("czo_bench_{}_{}", seconds_now(), std::process::id());
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
        Ok(Self { url: of_database(&admin_url, &name), admin, name })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Does now what autovacuum does within a minute of an import, at a moment that nobody knows:
    /// without it, queries would be planned on no statistics, and disturbed halfway.
    pub(crate) async fn settle(&self) -> Result<()> {
        let database = connect(&self.url).await?;
        database.execute_unprepared("VACUUM (ANALYZE)").await?;
        Ok(database.close().await?)
    }

    /// Drops the database, with whoever is still connected.
    pub(crate) async fn remove(self) -> Result<()> {
        drop_database(&self.admin, &self.name).await
    }
}

async fn connect(url: &str) -> Result<Database> {
    let options = DatabaseOptions::new(url.parse()?).max_connections(1);
    Ok(Database::connect(&options).await?)
}

async fn drop_database(admin: &Database, name: &str) -> Result<()> {
    let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    admin.execute_unprepared(&statement).await.map(drop).context(statement)
}

/// Drops the databases of runs that were killed before they could.
async fn drop_leftovers(admin: &Database) -> Result<()> {
    let query = r"SELECT datname::text AS name FROM pg_database WHERE datname LIKE 'czo\_bench\_%'";
    let rows = admin.query_all_raw(Statement::from_string(DbBackend::Postgres, query)).await?;
    for row in rows {
        let name: String = row.try_get("", "name")?;
        let made = name.split('_').nth(2).and_then(|seconds| seconds.parse::<u64>().ok());
        if made.is_some_and(|made| made + LEFTOVER_SECONDS < seconds_now()) {
            drop_database(admin, &name).await?;
        }
    }
    Ok(())
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The URL with another database in it.
fn of_database(url: &str, name: &str) -> String {
    let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
    // Behind the last slash stands the database; `DatabaseUrl` has taken no URL without one.
    let server = place.rsplit_once('/').map_or(place, |(server, _)| server);
    let mark = if parameters.is_empty() { "" } else { "?" };
    format!("{server}/{name}{mark}{parameters}")
}
