//! Migrations of the module `loyalty`.

use std::sync::Arc;

use czo_core::SystemIds;
use czo_migrations::Migrator;
use czo_module_package::ModuleName;
use czo_modules::{
    MigrationPlan, ModuleError, ModuleMigrationError, ModuleMigrations, ModuleStore, Operation,
    OperationKind,
};
use czo_repo::Database;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

pub(crate) struct Fixture {
    pub(crate) store: ModuleStore,
    pub(crate) migrations: ModuleMigrations,
    pub(crate) operation: Operation,
}

pub(crate) async fn fixture(database: &Database) -> Fixture {
    let migrator = Migrator::new(vec![czo_migrations::modules()]);
    migrator.up(database).await.expect("the tables of modules");
    let store = ModuleStore::new(database, Arc::new(SystemIds));
    let begun = store.begin_operation(&name(), OperationKind::Enable, &json!({})).await;
    let migrations = ModuleMigrations::new(&store);
    Fixture { store, migrations, operation: begun.expect("begun") }
}

pub(crate) fn name() -> ModuleName {
    "loyalty".parse().expect("a name")
}

/// The files of two migrations: a table, and another that refers to it.
pub(crate) const FILES: [(&str, &str); 4] = [
    (
        "0001_customer.up.sql",
        "-- Who collects points.\n\
         CREATE TABLE mod_loyalty__customer (id bigint PRIMARY KEY, name text NOT NULL);\n\
         CREATE UNIQUE INDEX mod_loyalty__customer_name ON mod_loyalty__customer (name);\n\
         INSERT INTO mod_loyalty__customer (id, name) VALUES (1, 'Ada; Lovelace');",
    ),
    ("0001_customer.down.sql", "DROP TABLE mod_loyalty__customer;"),
    (
        "0002_points.up.sql",
        "CREATE TABLE mod_loyalty__points (\n\
         id bigint PRIMARY KEY,\n\
         customer_id bigint NOT NULL REFERENCES mod_loyalty__customer (id) ON DELETE CASCADE,\n\
         points bigint NOT NULL DEFAULT 0 CHECK (points >= 0),\n\
         created_at text NOT NULL DEFAULT CURRENT_TIMESTAMP);",
    ),
    ("0002_points.down.sql", "DROP TABLE mod_loyalty__points"),
];

pub(crate) fn read(files: &[(&str, &str)]) -> Result<MigrationPlan, ModuleMigrationError> {
    let files: Vec<_> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    MigrationPlan::read(&name(), &files)
}

pub(crate) fn plan(files: &[(&str, &str)]) -> MigrationPlan {
    read(files).expect("good migrations")
}

/// [`FILES`] and one more migration.
pub(crate) fn with(
    number: &str,
    up: &str,
    down: &str,
) -> Result<MigrationPlan, ModuleMigrationError> {
    let (up_path, down_path) = (format!("{number}_more.up.sql"), format!("{number}_more.down.sql"));
    let mut files = FILES.to_vec();
    files.extend([(up_path.as_str(), up), (down_path.as_str(), down)]);
    read(&files)
}

pub(crate) fn migration_error<T: std::fmt::Debug>(
    result: Result<T, ModuleError>,
) -> ModuleMigrationError {
    match result {
        Err(ModuleError::Migration(error)) => error,
        other => panic!("expected an error of a migration, found {other:?}"),
    }
}

/// Whether there is such a table.
pub(crate) async fn has_table(database: &Database, table: &str) -> bool {
    database.execute_unprepared(&format!("SELECT 1 FROM {table}")).await.is_ok()
}

pub(crate) async fn count(database: &Database, table: &str) -> i64 {
    let backend = database.get_database_backend();
    let query = Statement::from_string(backend, format!("SELECT count(*) AS n FROM {table}"));
    let row = database.query_one_raw(query).await.expect("run").expect("a row");
    row.try_get("", "n").expect("a number")
}
