//! What is old is forgotten, in bounded batches.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use czo_core::{Clock, ManualClock, SystemClock};
use czo_outbox::{Outbox, OutboxOptions, Relay};
use czo_repo::DatabaseError;
use czo_testkit::on_each_database;
use sea_orm::ConnectionTrait;

use crate::broker::Broker;
use crate::shop::{LONG, number, outbox_with, scanned, soon, until};

const DAY: Duration = Duration::from_secs(24 * 3_600);
const LOGGED: &str = "SELECT count(*) FROM event_log";

on_each_database! {
    async fn the_log_and_the_inbox_forget_what_is_old(database: TestDatabase) {
        let options = OutboxOptions::default().keep_log(Some(DAY)).keep_inbox(DAY * 2);
        let here = outbox_with(&database, options.clone()).await;
        let clock = Arc::new(ManualClock::at(SystemClock.now() - TimeDelta::days(3)));
        let then = Outbox::new(&database.database().with_clock(clock), options.clone());
        let done: Result<(), DatabaseError> = then
            .database()
            .transaction(async |tx| {
                (0..2_500).for_each(|scans| then.publish(tx, scanned("p1", scans)));
                Ok(())
            })
            .await;
        done.unwrap();
        let broker = Broker::default();
        let relay = Relay::new(&then, Arc::new(broker.clone())).options(soon()).spawn();
        broker.has(2_500).await;
        assert!(relay.drain(LONG).await);
        assert_eq!(number(&database, LOGGED).await, 2_500);
        let remember = "INSERT INTO inbox_event SELECT 'test.group', event_id, published_at FROM event_log";
        database.execute_unprepared(remember).await.unwrap();

        let done: Result<(), DatabaseError> = database
            .transaction(async |tx| {
                here.publish(tx, scanned("p1", 2_500));
                Ok(())
            })
            .await;
        done.unwrap();
        let relay = Relay::new(&here, Arc::new(broker.clone())).options(soon()).spawn();
        until(&database, LOGGED, 1).await;
        until(&database, "SELECT count(*) FROM inbox_event", 0).await;
        assert!(relay.drain(LONG).await);
    }

    async fn without_a_log_nothing_is_kept(database: TestDatabase) {
        let outbox = outbox_with(&database, OutboxOptions::default().keep_log(None)).await;
        let done: Result<(), DatabaseError> = database
            .transaction(async |tx| {
                outbox.publish(tx, scanned("p1", 1));
                Ok(())
            })
            .await;
        done.unwrap();
        let broker = Broker::default();
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        broker.has(1).await;
        assert!(relay.drain(LONG).await);
        let status = outbox.status().await.unwrap();
        assert_eq!((status.waiting, status.parked, status.logged), (0, 0, 0));
    }
}
