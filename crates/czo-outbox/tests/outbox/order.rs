//! Events of a key arrive in the order of their commits.

use std::sync::Arc;

use czo_outbox::{Outbox, Relay};
use czo_repo::{Database, DatabaseError};
use czo_testkit::{TestDatabase, on_each_database};
use sea_orm::ConnectionTrait;
use tokio::task::JoinSet;

use crate::broker::Broker;
use crate::shop::{LONG, outbox, scan, scan_once, soon};

const WRITERS: usize = 8;
const WRITES: usize = 40;

/// Writers that scan a few parcels side by side; half of their transactions scan two.
async fn write(database: &Database, outbox: &Outbox) {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (database, outbox) = (database.clone(), outbox.clone());
        writers.spawn(async move {
            for round in 0..WRITES {
                // In one order, so that none waits for another that waits for it.
                let first = format!("p{}", (writer + round) % 3);
                let second = format!("q{}", round % 2);
                let done: Result<(), DatabaseError> = database
                    .transaction(async |tx| {
                        scan(tx, &outbox, &first).await?;
                        if round % 2 == 0 {
                            scan(tx, &outbox, &second).await?;
                        }
                        Ok(())
                    })
                    .await;
                done.unwrap();
            }
        });
    }
    writers.join_all().await;
}

on_each_database! {
    async fn each_parcel_is_told_of_in_order_under_concurrent_writers(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        write(&database, &outbox).await;
        broker.has(WRITERS * WRITES * 3 / 2).await;
        for (parcel, scans) in broker.scans() {
            let expected = i64::try_from(scans.len()).unwrap();
            assert!(scans.iter().copied().eq(1..=expected), "{parcel}: {scans:?}");
        }
        assert!(relay.drain(LONG).await);
        // Nothing failed, so nothing came twice.
        assert_eq!(broker.arrived().len(), WRITERS * WRITES * 3 / 2);
    }
}

/// Two writers of one parcel, and a third that has nothing to do with them and stays open. Read
/// by the numbers of transactions, which are given when one first writes, the second event would
/// come before the first, or both would wait for the third.
#[tokio::test]
async fn neither_the_number_of_a_transaction_nor_one_that_stays_open_disturbs_the_order() {
    TestDatabase::postgres()
        .await
        .run(|database: TestDatabase| async move {
            let (outbox, broker) = (outbox(&database).await, Broker::default());
            let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
            // Its number is the lowest, its event the last.
            let late = database.begin().await.unwrap();
            late.execute_unprepared("INSERT INTO parcel VALUES ('other', 0)").await.unwrap();
            // Its number lies between those of the two writers.
            let open = database.begin().await.unwrap();
            open.execute_unprepared("INSERT INTO parcel VALUES ('open', 0)").await.unwrap();

            scan_once(&database, &outbox, "p1").await;
            broker.has(1).await;
            scan(&late, &outbox, "p1").await.unwrap();
            late.commit().await.unwrap();
            broker.has(2).await;
            assert_eq!(broker.scans_of("p1"), [1, 2]);
            open.commit().await.unwrap();
            assert!(relay.drain(LONG).await);
        })
        .await;
}

/// A position is given before the commit: one that is committed late is not passed over.
#[tokio::test]
async fn an_event_whose_commit_comes_late_is_not_passed_over() {
    TestDatabase::postgres()
        .await
        .run(|database: TestDatabase| async move {
            let (outbox, broker) = (outbox(&database).await, Broker::default());
            let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
            // As the outbox writes it, but with the commit left for later.
            let early = database.begin().await.unwrap();
            let row = "INSERT INTO outbox_event (partition, event_id, event_type, version, source, \
                       correlation_id, occurred_at, event) \
                       SELECT 3, event_id, event_type, version, source, correlation_id, \
                       occurred_at, event FROM outbox_event";
            broker.set_down(true);
            scan_once(&database, &outbox, "early").await;
            early.execute_unprepared(row).await.unwrap();
            broker.set_down(false);
            broker.has(1).await;
            for round in 0..20 {
                scan_once(&database, &outbox, &format!("p{round}")).await;
            }
            broker.has(21).await;
            early.commit().await.unwrap();
            let twice = async {
                while broker.arrived().len() < 22 {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
            };
            tokio::time::timeout(LONG, twice).await.unwrap();
            assert!(relay.drain(LONG).await);
        })
        .await;
}
