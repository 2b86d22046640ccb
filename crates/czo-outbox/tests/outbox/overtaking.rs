//! A relay begins to read behind what it has read; nothing that lies before is overtaken by that.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use czo_outbox::{Outbox, Relay};
use czo_repo::{BeforeCommit, Database, DatabaseError, UnitOfWork};
use czo_testkit::{TestDatabase, on_each_database};
use sea_orm::ConnectionTrait;
use tokio::sync::Notify;

use crate::broker::Broker;
use crate::shop::{LONG, outbox, scan, scan_once, soon};

/// Holds a unit of work between what it writes and its commit.
#[derive(Debug, Default)]
struct Gate {
    reached: Notify,
    open: Notify,
}

#[async_trait]
impl BeforeCommit for Gate {
    type Item = ();

    async fn flush(self: Arc<Self>, tx: &UnitOfWork, _: Vec<()>) -> Result<(), DatabaseError> {
        self.reached.notify_one();
        self.open.notified().await;
        tx.execute_unprepared("SELECT 1").await?;
        Ok(())
    }
}

/// Scans other parcels, of every partition, for longer than any time that a relay goes by.
async fn scan_others(database: &Database, outbox: &Outbox, broker: &Broker) -> usize {
    let (start, mut scans, before) = (Instant::now(), 0, broker.scans());
    let before: usize = before.values().map(Vec::len).sum();
    while start.elapsed() < Duration::from_millis(2_500) {
        scan_once(database, outbox, &format!("other-{}", scans % 64)).await;
        scans += 1;
        broker.has(before + scans).await;
    }
    scans
}

/// Its position is given before the commit, and the next unit that scans the parcel waits for it.
#[tokio::test]
async fn an_event_is_not_overtaken_by_the_next_of_its_key_however_long_its_commit_takes() {
    TestDatabase::postgres()
        .await
        .run(|database: TestDatabase| async move {
            let (outbox, broker) = (outbox(&database).await, Broker::default());
            let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
            let gate = Arc::new(Gate::default());
            let held = {
                let (database, outbox, gate) = (database.database(), outbox.clone(), gate.clone());
                tokio::spawn(async move {
                    let held = database.transaction(async |tx| {
                        scan(tx, &outbox, "held").await?;
                        tx.before_commit(&gate, ());
                        Ok::<_, DatabaseError>(())
                    });
                    held.await.unwrap();
                })
            };
            gate.reached.notified().await;
            let others = scan_others(&database, &outbox, &broker).await;
            gate.open.notify_one();
            // It waits for the lock of the first.
            scan_once(&database, &outbox, "held").await;
            held.await.unwrap();
            broker.has(others + 2).await;
            assert_eq!(broker.scans_of("held"), [1, 2]);
            assert!(relay.drain(LONG).await);
        })
        .await;
}

on_each_database! {
    async fn what_waits_behind_an_overloaded_group_is_not_overtaken(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        broker.overload("late", true);
        scan_once(&database, &outbox, "late").await;
        broker.was_asked(1).await;
        // They are left out when the relay reads, for as long as the first is delayed.
        scan_once(&database, &outbox, "late").await;
        scan_once(&database, &outbox, "late").await;
        let others = scan_others(&database, &outbox, &broker).await;
        broker.overload("late", false);
        broker.has(others + 1).await;
        scan_once(&database, &outbox, "late").await;
        broker.has(others + 4).await;
        assert_eq!(broker.scans_of("late"), [1, 2, 3, 4]);
        assert!(relay.drain(LONG).await);
    }
}
