//! Others write rows in the transaction that stages events.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use czo_outbox::{StagedEvent, WithStaged};
use czo_repo::{DatabaseError, UnitOfWork};
use czo_testkit::{TestDatabase, assert_queries, on_each_database};
use sea_orm::{ConnectionTrait, Statement};

use crate::shop::{number, outbox, scan, scan_once, scanned};

const NOTED: &str = "SELECT count(*) FROM note";
const WAITING: &str = "SELECT count(*) FROM outbox_event";

/// Writes the key of each event into a table, and counts what was committed.
#[derive(Default)]
struct Notes {
    committed: Arc<AtomicUsize>,
}

#[async_trait]
impl WithStaged for Notes {
    async fn staged(&self, tx: &UnitOfWork, events: &[&StagedEvent]) -> Result<(), DatabaseError> {
        let keys: Vec<_> = events.iter().map(|event| event.key().unwrap()).collect();
        let values = (1..=keys.len()).map(|number| format!("(${number})"));
        let sql = format!("INSERT INTO note VALUES {}", values.collect::<Vec<_>>().join(", "));
        let keys = keys.into_iter().map(sea_orm::Value::from);
        let insert = Statement::from_sql_and_values(tx.get_database_backend(), sql, keys);
        tx.execute_raw(insert).await?;
        let (committed, events) = (self.committed.clone(), events.len());
        tx.after_commit(async move {
            committed.fetch_add(events, Ordering::SeqCst);
        });
        Ok(())
    }
}

async fn notes(database: &TestDatabase) -> Arc<Notes> {
    database.execute_unprepared("CREATE TABLE note (key text NOT NULL)").await.unwrap();
    Arc::new(Notes::default())
}

on_each_database! {
    async fn rows_of_others_are_there_if_and_only_if_the_events_are(database: TestDatabase) {
        let (outbox, notes) = (outbox(&database).await, notes(&database).await);
        // Clones are the same outbox.
        outbox.clone().also(notes.clone());
        let undone = database.transaction(async |tx| {
            scan(tx, &outbox, "undone").await?;
            Err::<(), _>(DatabaseError::Busy)
        });
        undone.await.unwrap_err();
        assert_eq!((number(&database, NOTED).await, number(&database, WAITING).await), (0, 0));
        scan_once(&database, &outbox, "p1").await;
        let two = database.transaction(async |tx| {
            scan(tx, &outbox, "p1").await?;
            scan(tx, &outbox, "p2").await
        });
        two.await.unwrap();
        assert_eq!((number(&database, NOTED).await, number(&database, WAITING).await), (3, 3));
        assert_eq!(notes.committed.load(Ordering::SeqCst), 3);
    }

    async fn who_cannot_write_takes_the_events_along(database: TestDatabase) {
        let outbox = outbox(&database).await;
        // There is no table.
        let notes = Arc::new(Notes::default());
        outbox.also(notes.clone());
        let refused = database.transaction(async |tx| scan(tx, &outbox, "p1").await).await;
        refused.unwrap_err();
        assert_eq!(number(&database, WAITING).await, 0);
        assert_eq!(number(&database, "SELECT count(*) FROM parcel").await, 0);
        assert_eq!(notes.committed.load(Ordering::SeqCst), 0);
    }

    async fn what_is_for_one_group_is_not_handed_in(database: TestDatabase) {
        let (outbox, notes) = (outbox(&database).await, notes(&database).await);
        outbox.also(notes);
        let published = database.transaction(async |tx| {
            let group = "test.group".parse().unwrap();
            outbox.publish(tx, scanned("replayed", 1).for_group(group));
            Ok::<_, DatabaseError>(())
        });
        published.await.unwrap();
        assert_eq!((number(&database, NOTED).await, number(&database, WAITING).await), (0, 1));
    }

    async fn all_events_of_a_unit_are_handed_in_at_once(database: TestDatabase) {
        let (outbox, notes) = (outbox(&database).await, notes(&database).await);
        outbox.also(notes);
        assert_queries!(database, == 2, {
            let published = database.transaction(async |tx| {
                (0..10).for_each(|scans| outbox.publish(tx, scanned("p1", scans)));
                Ok::<_, DatabaseError>(())
            });
            published.await.unwrap();
        });
        assert_eq!(number(&database, NOTED).await, 10);
    }
}
