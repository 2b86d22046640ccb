//! Operations and their steps.

use czo_modules::{Operation, OperationKind, OperationOutcome, StoreError};
use czo_repo::UnitOfWork;
use czo_testkit::{TestDatabase, on_each_database};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::fixture::{name, store, store_error};

/// As if nobody had been heard of for longer than a lease.
async fn let_leases_run_out(database: &TestDatabase) {
    let age = "UPDATE modules_operation SET lease_until = lease_until - 120000";
    database.execute_unprepared(age).await.expect("aged");
}

on_each_database! {
    async fn of_sixteen_that_begin_at_once_one_does(database: TestDatabase) {
        let store = store(&database).await;
        let tasks = (0..16).map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                store.begin_operation(&name(), OperationKind::Enable, &json!({})).await
            })
        });
        let tasks: Vec<_> = tasks.collect();
        let mut begun: Vec<Operation> = Vec::new();
        for task in tasks {
            match task.await.expect("no panic") {
                Ok(operation) => begun.push(operation),
                result => {
                    let error = store_error(result);
                    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
                }
            }
        }
        assert_eq!(begun.len(), 1);
    }

    async fn another_begins_once_the_first_has_ended(database: TestDatabase) {
        let store = store(&database).await;
        let begin = async || {
            store.begin_operation(&name(), OperationKind::Add, &json!({})).await.expect("begun")
        };
        let first = begin().await;
        let work = async |tx: &UnitOfWork| {
            store.finish(tx, &first, OperationOutcome::Undone, Some("no such file")).await
        };
        database.transaction(work).await.expect("ended");
        begin().await;
        let known = store.operations(&name()).await.expect("read");
        let ends: Vec<_> = known.iter().map(|known| known.ended.map(|(_, how)| how)).collect();
        assert_eq!(ends, [None, Some(OperationOutcome::Undone)]);
        assert_eq!(known[1].note.as_deref(), Some("no such file"));
    }

    async fn whoever_takes_over_finds_every_step_that_had_begun(database: TestDatabase) {
        let store = store(&database).await;
        let data = json!({ "source": "./loyalty" });
        let dead = store.begin_operation(&name(), OperationKind::Add, &data).await.expect("begun");
        let first = store.step(&dead, "keep", &json!({ "files": 3 })).await.expect("written");
        let work = async |tx: &UnitOfWork| store.step_done(tx, &dead, first).await;
        database.transaction(work).await.expect("done");
        store.step(&dead, "migrate", &json!({ "to": 2 })).await.expect("written");
        assert_eq!(store.take_over(dead.id).await.expect("asked"), None, "it is held");

        let_leases_run_out(&database).await;
        let unfinished = store.unfinished().await.expect("read");
        assert!(matches!(unfinished.as_slice(), [one] if one.id == dead.id && !one.is_held));
        let taken = store.take_over(dead.id).await.expect("asked").expect("it is nobody's");
        assert_eq!((&taken.module, &taken.data), (&name(), &data));
        let steps = store.steps(&taken).await.expect("read");
        let steps: Vec<_> =
            steps.iter().map(|step| (step.name.as_str(), step.finished_at.is_some())).collect();
        assert_eq!(steps, [("keep", true), ("migrate", false)]);
        assert_eq!(store.take_over(dead.id).await.expect("asked"), None, "it is taken");
    }

    async fn whoever_was_taken_over_can_do_nothing_more(database: TestDatabase) {
        let store = store(&database).await;
        let begun = store.begin_operation(&name(), OperationKind::Enable, &json!({})).await;
        let slow = begun.expect("begun");
        let step = store.step(&slow, "migrate", &json!({})).await.expect("written");
        let_leases_run_out(&database).await;
        let taken = store.take_over(slow.id).await.expect("asked").expect("it is nobody's");

        let is_lost = |error: StoreError| {
            assert!(matches!(error, StoreError::LeaseLost { .. }), "{error}");
        };
        is_lost(store_error(store.renew(&slow).await));
        is_lost(store_error(store.step(&slow, "publish", &json!({})).await));
        let done = async |tx: &UnitOfWork| store.step_done(tx, &slow, step).await;
        is_lost(store_error(database.transaction(done).await));
        let finish = async |tx: &UnitOfWork| {
            store.finish(tx, &slow, OperationOutcome::Done, None).await
        };
        is_lost(store_error(database.transaction(finish).await));

        let undone = async |tx: &UnitOfWork| store.step_undone(tx, &taken, step).await;
        database.transaction(undone).await.expect("undone");
        assert_eq!(store.steps(&taken).await.expect("read"), []);
        store.renew(&taken).await.expect("it is held");
    }

    async fn an_expired_operation_of_nobody_else_goes_on(database: TestDatabase) {
        let store = store(&database).await;
        let begun = store.begin_operation(&name(), OperationKind::Enable, &json!({})).await;
        let slow = begun.expect("begun");
        let_leases_run_out(&database).await;
        store.renew(&slow).await.expect("nobody took it over");
        assert_eq!(store.take_over(slow.id).await.expect("asked"), None, "it is held again");
    }
}
