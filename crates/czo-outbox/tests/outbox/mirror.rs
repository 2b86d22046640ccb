//! What a second bus has from the mirror of the outbox.

use std::sync::Arc;

use czo_core::{Audience, HealthCheck};
use czo_outbox::{Outbox, OutboxOptions, ParkedFilter, Relay};
use czo_repo::DatabaseError;
use czo_testkit::{TestDatabase, on_each_database};

use crate::broker::Broker;
use crate::shop::{LONG, number, outbox_with, scan, scan_once, scanned, soon, until};

const WAITING: &str = "SELECT count(*) FROM outbox_event";
const MIRRORED: &str = "SELECT count(*) FROM outbox_mirror_event";
const LOGGED: &str = "SELECT count(*) FROM event_log";

async fn mirrored(database: &TestDatabase) -> Outbox {
    outbox_with(database, OutboxOptions::default().mirrored(true)).await
}

on_each_database! {
    async fn both_buses_have_every_event_in_order_and_the_log_has_it_once(database: TestDatabase) {
        let outbox = mirrored(&database).await;
        let (local, broker) = (Broker::default(), Broker::default());
        let relay = Relay::new(&outbox, Arc::new(local.clone())).options(soon()).spawn();
        let mirror = outbox.mirror();
        let second = Relay::new(&mirror, Arc::new(broker.clone())).options(soon()).spawn();
        for _ in 0..50 {
            scan_once(&database, &outbox, "p1").await;
            scan_once(&database, &outbox, "p2").await;
        }
        for bus in [&local, &broker] {
            bus.has(100).await;
            assert!(bus.scans_of("p1").into_iter().eq(1..=50));
            assert!(bus.scans_of("p2").into_iter().eq(1..=50));
        }
        until(&database, WAITING, 0).await;
        until(&database, MIRRORED, 0).await;
        assert_eq!(number(&database, LOGGED).await, 100);
        assert!(relay.drain(LONG).await && second.drain(LONG).await);
    }

    async fn an_outage_of_the_second_bus_holds_up_only_the_mirror(database: TestDatabase) {
        let outbox = mirrored(&database).await;
        let (local, broker) = (Broker::default(), Broker::default());
        broker.set_down(true);
        let relay = Relay::new(&outbox, Arc::new(local.clone())).options(soon()).spawn();
        let second = Relay::new(&outbox.mirror(), Arc::new(broker.clone())).options(soon());
        let second = second.spawn();
        for _ in 0..50 {
            scan_once(&database, &outbox, "p1").await;
        }
        local.has(50).await;
        until(&database, WAITING, 0).await;
        assert_eq!(number(&database, MIRRORED).await, 50);
        assert_eq!(outbox.mirror().status().await.unwrap().waiting, 50);
        assert_eq!((relay.health().name(), second.health().name()), ("outbox", "outbox_mirror"));
        // Whoever takes over, of the same process or after a crash, has what waited.
        drop(second);
        broker.set_down(false);
        let second = Relay::new(&outbox.mirror(), Arc::new(broker.clone())).options(soon());
        let second = second.spawn();
        broker.has(50).await;
        assert!(broker.scans_of("p1").into_iter().eq(1..=50));
        assert!(relay.drain(LONG).await && second.drain(LONG).await);
        assert_eq!(number(&database, MIRRORED).await, 0);
    }

    async fn what_is_rolled_back_or_for_one_group_is_not_mirrored(database: TestDatabase) {
        let outbox = mirrored(&database).await;
        let undone = database.transaction(async |tx| {
            scan(tx, &outbox, "p1").await?;
            Err::<(), _>(DatabaseError::Unanswered)
        });
        undone.await.unwrap_err();
        let for_one = database.transaction(async |tx| {
            let group = "test.group".parse().unwrap();
            outbox.publish(tx, scanned("p2", 1).for_group(group));
            Ok::<_, DatabaseError>(())
        });
        for_one.await.unwrap();
        assert_eq!(number(&database, WAITING).await, 1);
        assert_eq!(number(&database, MIRRORED).await, 0);
    }

    async fn without_the_option_nothing_is_mirrored_and_what_waits_stays(database: TestDatabase) {
        scan_once(&database, &mirrored(&database).await, "p1").await;
        let outbox = Outbox::new(&database.database(), OutboxOptions::default());
        scan_once(&database, &outbox, "p1").await;
        assert_eq!(number(&database, WAITING).await, 2);
        assert_eq!(number(&database, MIRRORED).await, 1);
        let broker = Broker::default();
        let relay = Relay::new(&outbox.mirror(), Arc::new(broker.clone())).options(soon()).spawn();
        broker.has(1).await;
        assert_eq!(broker.audiences(), [Audience::Everyone]);
        assert!(relay.drain(LONG).await);
        // Neither the log nor what waits for the first bus was touched.
        assert_eq!(number(&database, LOGGED).await, 0);
        assert_eq!(number(&database, WAITING).await, 2);
    }

    async fn what_only_the_second_bus_refuses_is_parked_in_the_mirror(database: TestDatabase) {
        let outbox = mirrored(&database).await;
        let broker = Broker::default();
        broker.refuse("poison", true);
        scan_once(&database, &outbox, "poison").await;
        let mirror = outbox.mirror();
        let relay = Relay::new(&mirror, Arc::new(broker.clone())).options(soon()).spawn();
        until(&database, "SELECT count(*) FROM outbox_mirror_parked", 1).await;
        assert_eq!(outbox.status().await.unwrap().parked, 0);
        broker.refuse("poison", false);
        assert_eq!(mirror.parked().retry(&ParkedFilter::all()).await.unwrap(), 1);
        broker.has(1).await;
        assert!(relay.drain(LONG).await);
        assert_eq!(number(&database, MIRRORED).await, 0);
        assert_eq!(number(&database, WAITING).await, 1);
    }

    async fn a_mirror_at_work_forgets_nothing_of_the_log(database: TestDatabase) {
        let outbox = mirrored(&database).await;
        let (local, broker) = (Broker::default(), Broker::default());
        scan_once(&database, &outbox, "p1").await;
        let relay = Relay::new(&outbox, Arc::new(local.clone())).options(soon()).spawn();
        until(&database, LOGGED, 1).await;
        broker.set_down(true);
        let second = Relay::new(&outbox.mirror(), Arc::new(broker.clone())).options(soon()).spawn();
        let health = second.health();
        let counted = async {
            // Whoever counts has forgotten before.
            while !health.check().await.detail.unwrap().contains("1 events wait") {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, counted).await.unwrap();
        broker.set_down(false);
        assert!(second.drain(LONG).await && relay.drain(LONG).await);
        assert_eq!(number(&database, LOGGED).await, 1);
    }
}
