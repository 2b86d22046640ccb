//! A process is killed in the middle of a change.

use std::sync::Arc;

use czo_core::SystemIds;
use czo_modules::{
    MigrationPlan, ModuleMigrations, ModuleStatus, ModuleStore, Operation, OperationKind,
    OperationOutcome,
};
use czo_testkit::{TestDatabase, on_each_database};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::house::{House, hostile, owner, table};

/// How far an update had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Begun,
    Noted,
    Migrated,
}

on_each_database! {
    async fn what_was_begun_is_undone_wherever_it_stopped(database: TestDatabase) {
        let first = House::new(&database).await;
        first.serves().await;
        first.modules.stop().await;
        drop(first);
        for came in [Came::Begun, Came::Noted, Came::Migrated] {
            let operation = begin_update(&database, came).await;
            let house = House::another(&database).await;
            house.modules.start().await;
            assert!(!house.has_table(&table("fresh")).await, "{came:?}");
            assert_eq!(house.version().await, "0.1.0", "{came:?}");
            assert_eq!(house.asks("none").await.unwrap().status, 200, "{came:?}");
            let shown = house.modules.show(&owner(), &hostile()).await.unwrap();
            assert_eq!(shown.summary.status, ModuleStatus::Enabled, "{came:?}");
            let store = ModuleStore::new(&database, Arc::new(SystemIds));
            let operations = store.operations(&hostile()).await.unwrap();
            let ended = operations.iter().find(|it| it.id == operation.id).unwrap().ended;
            assert_eq!(ended.unwrap().1, OperationOutcome::Undone, "{came:?}");
            house.modules.stop().await;
        }
    }
}

/// Begins an update with a migration, comes so far, and is not heard of any more.
async fn begin_update(database: &TestDatabase, came: Came) -> Operation {
    let store = ModuleStore::new(database, Arc::new(SystemIds));
    let name = hostile();
    let operation = store.begin_operation(&name, OperationKind::Update, &json!({})).await.unwrap();
    if came != Came::Begun {
        store.step(&operation, "migrate", &json!({ "from": 0 })).await.unwrap();
    }
    if came == Came::Migrated {
        let table = table("fresh");
        let files = [
            (
                "0001_fresh.up.sql".to_owned(),
                format!("CREATE TABLE {table} (id BIGINT PRIMARY KEY);"),
            ),
            ("0001_fresh.down.sql".to_owned(), format!("DROP TABLE {table};")),
        ];
        let plan = MigrationPlan::read(&name, &files).unwrap();
        ModuleMigrations::new(&store).up(&operation, &plan).await.unwrap();
    }
    let gone = "UPDATE modules_operation SET lease_until = 0 WHERE finished_at IS NULL";
    database.execute_unprepared(gone).await.unwrap();
    operation
}
