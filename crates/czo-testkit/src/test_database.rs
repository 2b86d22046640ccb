//! An empty database for one test.

use std::future::Future;
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::time::{SystemTime, UNIX_EPOCH};

use czo_repo::{Database, DatabaseOptions, DatabaseUrl};
use futures_util::FutureExt;
use sea_orm::ConnectionTrait;
use tempfile::TempDir;
use uuid::Uuid;

use crate::Statements;

/// Schemas of tests that were killed are swept after this long.
const LEFTOVER_SECONDS: u64 = 3_600;

/// An empty database for one test: a SQLite file in a temporary folder, or a PostgreSQL schema.
///
/// It derefs to [`Database`]. Use it through
/// [`on_each_database!`](crate::on_each_database).
#[derive(Debug)]
pub struct TestDatabase {
    database: Database,
    options: DatabaseOptions,
    statements: Statements,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Folder { _folder: TempDir },
    Schema { admin: Box<Database>, schema: String },
}

impl TestDatabase {
    /// A SQLite file in a temporary folder.
    ///
    /// # Panics
    ///
    /// If it can't be made.
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = DatabaseUrl::sqlite(folder.path().join("test.db"));
        Self::open(DatabaseOptions::new(url), Place::Folder { _folder: folder }).await
    }

    /// A PostgreSQL schema of its own.
    ///
    /// # Panics
    ///
    /// If no PostgreSQL answers at `CZO_TEST_POSTGRES_URL`.
    pub async fn postgres() -> Self {
        let url = std::env::var("CZO_TEST_POSTGRES_URL")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        // A test does not outlive a power cut, so no commit waits for the disk.
        let separator = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{separator}options=-c%20synchronous_commit%3Doff");
        let url: DatabaseUrl = url.parse().expect("CZO_TEST_POSTGRES_URL is a postgres:// URL");
        let admin = DatabaseOptions::new(url.clone()).max_connections(1);
        let admin = Database::connect(&admin)
            .await
            .expect("PostgreSQL answers; `cargo xtask infra up` provides one");
        sweep_leftovers(&admin).await;
        let schema = format!("czo_test_{}_{}", seconds_now(), Uuid::now_v7().simple());
        admin
            .execute_unprepared(&format!("CREATE SCHEMA {schema}"))
            .await
            .expect("the schema of the test");
        let options = DatabaseOptions::new(url).max_connections(8).schema(&schema);
        Self::open(options, Place::Schema { admin: Box::new(admin), schema }).await
    }

    async fn open(options: DatabaseOptions, place: Place) -> Self {
        let mut database = Database::connect(&options).await.expect("the database of the test");
        let statements = Statements::default();
        let recorder = statements.clone();
        database.connection_mut().set_metric_callback(move |info| {
            recorder.record(&info.statement.sql);
        });
        Self { database, options, statements, place }
    }

    /// Runs a test with this database and removes the database, also when the test panics.
    ///
    /// # Panics
    ///
    /// If the test does.
    pub async fn run<F: Future<Output = ()>>(self, test: impl FnOnce(TestDatabase) -> F) {
        let cleanup = match &self.place {
            Place::Folder { .. } => None,
            Place::Schema { admin, schema } => Some((admin.clone(), schema.clone())),
        };
        let outcome = AssertUnwindSafe(test(self)).catch_unwind().await;
        if let Some((admin, schema)) = cleanup {
            // A failure here is not the test's; the sweep gets what stays behind.
            let _ = admin.execute_unprepared(&format!("DROP SCHEMA {schema} CASCADE")).await;
        }
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    }

    /// A handle to the same database, to be given away.
    #[must_use]
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// How to open the same database once more.
    #[must_use]
    pub fn options(&self) -> &DatabaseOptions {
        &self.options
    }

    /// The statements that were run through this database.
    #[must_use]
    pub fn statements(&self) -> &Statements {
        &self.statements
    }
}

impl Deref for TestDatabase {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Drops the schemas of tests that were killed before they could.
async fn sweep_leftovers(admin: &Database) {
    let query =
        "SELECT nspname::text AS name FROM pg_namespace WHERE nspname LIKE 'czo\\_test\\_%'";
    let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, query);
    let Ok(rows) = admin.query_all_raw(statement).await else { return };
    for name in rows.iter().filter_map(|row| row.try_get::<String>("", "name").ok()) {
        let made = name.split('_').nth(2).and_then(|seconds| seconds.parse::<u64>().ok());
        if made.is_some_and(|made| made + LEFTOVER_SECONDS < seconds_now()) {
            let _ =
                admin.execute_unprepared(&format!("DROP SCHEMA IF EXISTS {name} CASCADE")).await;
        }
    }
}

/// Turns each `async fn name(database: TestDatabase) { … }` into two tests, `name::sqlite` and
/// `name::postgres`, each with an empty database of its own.
#[macro_export]
macro_rules! on_each_database {
    ($($(#[$meta:meta])* async fn $name:ident($database:ident: TestDatabase) $body:block)+) => {
        $(
            $(#[$meta])*
            mod $name {
                #[allow(unused_imports, reason = "a test may use nothing of its file")]
                use super::*;

                async fn test($database: $crate::TestDatabase) $body

                #[test]
                fn sqlite() {
                    $crate::__private::block_on(async {
                        $crate::TestDatabase::sqlite().await.run(test).await;
                    });
                }

                #[test]
                fn postgres() {
                    $crate::__private::block_on(async {
                        $crate::TestDatabase::postgres().await.run(test).await;
                    });
                }
            }
        )+
    };
}
