//! An event is there if and only if the write is.

use std::sync::Arc;

use czo_outbox::{Relay, StagedEvent};
use czo_repo::DatabaseError;
use czo_testkit::{assert_queries, on_each_database};
use sea_orm::ConnectionTrait;

use crate::broker::Broker;
use crate::shop::{LONG, number, outbox, scan, scan_once, scanned, soon};

const WAITING: &str = "SELECT count(*) FROM outbox_event";

on_each_database! {
    async fn a_committed_event_arrives_and_leaves_the_outbox_for_the_log(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        scan_once(&database, &outbox, "p1").await;
        assert_eq!(number(&database, WAITING).await, 1);
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        broker.has(1).await;
        assert!(relay.drain(LONG).await);
        assert_eq!(number(&database, WAITING).await, 0);
        assert_eq!(number(&database, "SELECT count(*) FROM event_log").await, 1);
        let event = &broker.arrived()[0];
        assert_eq!((event.event_type.as_str(), &*event.source), ("parcel.item.scanned", "warehouse"));
    }

    async fn what_is_rolled_back_is_never_told(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        let undone: Result<(), DatabaseError> = database
            .transaction(async |tx| {
                scan(tx, &outbox, "undone").await?;
                Err(DatabaseError::Busy)
            })
            .await;
        undone.unwrap_err();
        let done: Result<(), DatabaseError> = database
            .transaction(async |tx| {
                let undone: Result<(), DatabaseError> = tx
                    .transaction(async |tx| {
                        scan(tx, &outbox, "undone").await?;
                        Err(DatabaseError::Busy)
                    })
                    .await;
                undone.unwrap_err();
                tx.transaction(async |tx| scan(tx, &outbox, "done").await).await
            })
            .await;
        done.unwrap();
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        assert!(relay.drain(LONG).await);
        assert_eq!(broker.scans().into_keys().collect::<Vec<_>>(), ["done"]);
    }

    async fn events_of_one_unit_of_work_are_one_statement(database: TestDatabase) {
        let outbox = outbox(&database).await;
        assert_queries!(database, == 1, {
            let done: Result<(), DatabaseError> = database
                .transaction(async |tx| {
                    (0..10).for_each(|scans| outbox.publish(tx, scanned("p1", scans)));
                    Ok(())
                })
                .await;
            done.unwrap();
        });
        assert_eq!(number(&database, WAITING).await, 10);
    }

    async fn ten_thousand_events_of_one_unit_arrive_in_order(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        let done: Result<(), DatabaseError> = database
            .transaction(async |tx| {
                (0..10_000).for_each(|scans| outbox.publish(tx, scanned("p1", scans)));
                Ok(())
            })
            .await;
        done.unwrap();
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        broker.has(10_000).await;
        assert!(broker.scans_of("p1").into_iter().eq(0..10_000));
        assert!(relay.drain(LONG).await);
        assert_eq!(broker.arrived().len(), 10_000);
    }

    async fn hostile_text_arrives_as_it_was(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        let texts = ["\0nul\0", "'; DROP TABLE outbox_event; --", "\u{1f980}\u{202e}", "{1,2}", ""];
        let done: Result<(), DatabaseError> = database
            .transaction(async |tx| {
                for text in texts {
                    outbox.publish(tx, scanned(text, 1));
                }
                outbox.publish(tx, StagedEvent::unordered(scanned("plain", 1).event().clone()));
                Ok(())
            })
            .await;
        done.unwrap();
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        broker.has(6).await;
        assert!(texts.iter().all(|text| broker.scans_of(text) == [1]), "{:?}", broker.scans());
        assert!(relay.drain(LONG).await);
    }

    async fn a_broken_transaction_commits_no_event(database: TestDatabase) {
        let outbox = outbox(&database).await;
        let broken: Result<(), DatabaseError> = database
            .transaction(async |tx| {
                outbox.publish(tx, scanned("p1", 1));
                tx.execute_unprepared("SELECT * FROM of_no_such_table").await?;
                Ok(())
            })
            .await;
        broken.unwrap_err();
        assert_eq!(number(&database, WAITING).await, 0);
    }
}
