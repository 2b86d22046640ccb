//! A PostgreSQL database for one test.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use czo_repo::{Database, DatabaseOptions};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Databases of tests that were killed are swept after this long.
const LEFTOVER_SECONDS: u64 = 3_600;
/// How long a test waits for its database to be gone; PostgreSQL goes on by itself.
const DROP_PATIENCE: Duration = Duration::from_millis(50);

/// An empty database of its own; dropped, it is dropped.
#[derive(Debug)]
pub(crate) struct PostgresDatabase {
    name: String,
    url: String,
}

impl PostgresDatabase {
    pub(crate) async fn create() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let admin = connect(&admin_url()).await;
        sweep_leftovers(&admin).await;
        let (pid, made) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let name = format!("czo_e2e_{}_{pid}_{made}", seconds_now());
        // The other template may be in use by somebody, which would make this fail.
        let create = format!("CREATE DATABASE {name} TEMPLATE template0");
        admin.execute_unprepared(&create).await.expect("the database of the test");
        admin.close().await.expect("an end of the connection");
        let url = with_name(&admin_url(), &name);
        Self { name, url }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where it is, with a password in it, and that password: the right one, or any for a server
    /// that asks for none.
    pub(crate) fn url_with_password(&self) -> (String, String) {
        let (scheme, rest) = self.url.split_once("://").expect("a URL");
        let (login, place) = rest.split_once('@').unwrap_or(("postgres", rest));
        let (user, password) = login.split_once(':').unwrap_or((login, "s3cr3t-of-the-test"));
        (format!("{scheme}://{user}:{password}@{place}"), password.to_owned())
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let name = self.name.clone();
        // A runtime cannot wait inside of the one that drops this.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(drop_database(&name));
        });
        // A failure here is not the test's; the sweep gets what stays behind.
        let _ = dropping.join();
    }
}

/// Gives the command to drop a database. It is carried out even when nobody waits for its end,
/// which takes a checkpoint: a second, on a busy disk.
async fn drop_database(name: &str) {
    let admin = connect(&admin_url()).await;
    let command = format!("DROP DATABASE {name} WITH (FORCE)");
    let _ = tokio::time::timeout(DROP_PATIENCE, admin.execute_unprepared(&command)).await;
}

/// Where databases are made. On this machine without TLS, whose handshake would take 90 ms for
/// every connection of every process.
fn admin_url() -> String {
    std::env::var("CZO_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable".to_owned()
    })
}

/// The URL with another database in it.
fn with_name(url: &str, name: &str) -> String {
    let (place, parameters) = match url.split_once('?') {
        Some((place, parameters)) => (place, format!("?{parameters}")),
        None => (url, String::new()),
    };
    let (server, _) = place.rsplit_once('/').expect("a URL that names a database");
    format!("{server}/{name}{parameters}")
}

async fn connect(url: &str) -> Database {
    let url = url.parse().expect("CZO_TEST_POSTGRES_URL is a postgres:// URL");
    Database::connect(&DatabaseOptions::new(url).max_connections(1))
        .await
        .expect("PostgreSQL answers; `cargo xtask infra up` provides one")
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Drops the databases of tests that were killed before they could.
async fn sweep_leftovers(admin: &Database) {
    let query = "SELECT datname::text AS name FROM pg_database WHERE datname LIKE 'czo\\_e2e\\_%'";
    let statement = Statement::from_string(DbBackend::Postgres, query);
    let rows = admin.query_all_raw(statement).await.expect("the list of databases");
    for name in rows.iter().filter_map(|row| row.try_get::<String>("", "name").ok()) {
        let made = name.split('_').nth(2).and_then(|seconds| seconds.parse::<u64>().ok());
        if made.is_some_and(|made| made + LEFTOVER_SECONDS < seconds_now()) {
            // Another test may sweep the same one.
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            let _ = admin.execute_unprepared(&drop).await;
        }
    }
}
