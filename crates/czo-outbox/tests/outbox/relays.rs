//! Several relays share the work.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use czo_core::{Clock, HealthCheck, HealthStatus, ManualClock, SystemClock};
use czo_outbox::{Outbox, OutboxOptions, Relay, RelayHandle};
use czo_repo::Database;
use czo_testkit::{TestDatabase, on_each_database};
use sea_orm::ConnectionTrait;

use crate::broker::Broker;
use crate::shop::{LONG, number, outbox, scan_once, soon, until};

/// A relay of another process: it shares nothing but the database.
async fn relay_elsewhere(database: &TestDatabase, broker: &Broker) -> RelayHandle {
    let database = Database::connect(database.options()).await.unwrap();
    let outbox = Outbox::new(&database, OutboxOptions::default());
    Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn()
}

const OWNERS: &str = "SELECT count(DISTINCT owner) FROM outbox_lease";
const LEASED: &str = "SELECT count(*) FROM outbox_lease WHERE owner IS NOT NULL";

on_each_database! {
    async fn three_relays_share_the_partitions_and_publish_everything_once(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        let mut relays = Vec::new();
        for _ in 0..3 {
            relays.push(relay_elsewhere(&database, &broker).await);
        }
        until(&database, OWNERS, 3).await;
        until(&database, LEASED, 16).await;
        for round in 0..60 {
            scan_once(&database, &outbox, &format!("p{}", round % 20)).await;
        }
        broker.has(60).await;
        for relay in relays {
            assert!(relay.drain(LONG).await);
        }
        assert_eq!(broker.arrived().len(), 60);
        assert!(broker.scans().values().all(|scans| scans == &[1, 2, 3]));
    }

    async fn what_a_relay_that_died_had_is_taken_over(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        let dies = relay_elsewhere(&database, &broker).await;
        until(&database, LEASED, 16).await;
        scan_once(&database, &outbox, "p1").await;
        broker.has(1).await;
        // Dropped, it gives nothing back: as if its process had been killed.
        drop(dies);
        scan_once(&database, &outbox, "p1").await;
        let heir = relay_elsewhere(&database, &broker).await;
        broker.has(2).await;
        assert_eq!(broker.scans_of("p1"), [1, 2]);
        assert!(heir.drain(LONG).await);
    }

    async fn a_relay_that_ends_leaves_its_partitions_to_others_at_once(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        let long = soon().lease(Duration::from_secs(3_600));
        let ends = Relay::new(&outbox, Arc::new(broker.clone())).options(long.clone()).spawn();
        until(&database, LEASED, 16).await;
        assert!(ends.drain(LONG).await);
        assert_eq!(number(&database, LEASED).await, 0);
        let heir = Relay::new(&outbox, Arc::new(broker.clone())).options(long).spawn();
        scan_once(&database, &outbox, "p1").await;
        broker.has(1).await;
        assert!(heir.drain(LONG).await);
    }

    async fn a_clock_that_is_set_back_changes_nothing(database: TestDatabase) {
        outbox(&database).await;
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let wound = database.database().with_clock(clock.clone());
        let (outbox, broker) = (Outbox::new(&wound, OutboxOptions::default()), Broker::default());
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        scan_once(&wound, &outbox, "p1").await;
        broker.has(1).await;
        clock.set(SystemClock.now() - TimeDelta::days(400));
        scan_once(&wound, &outbox, "p1").await;
        broker.has(2).await;
        clock.set(SystemClock.now() + TimeDelta::days(400));
        scan_once(&wound, &outbox, "p1").await;
        broker.has(3).await;
        assert_eq!(broker.scans_of("p1"), [1, 2, 3]);
        assert!(relay.drain(LONG).await);
    }

    async fn a_relay_that_is_well_says_so(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        until(&database, LEASED, 16).await;
        let health = relay.health();
        let wait = async {
            while !health.check().await.detail.unwrap_or_default().contains("partitions: 16") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LONG, wait).await.unwrap();
        assert_eq!(health.check().await.status, HealthStatus::Up);
        assert!(relay.drain(LONG).await);
        assert_eq!(health.check().await.status, HealthStatus::Down);
    }

    async fn a_relay_that_owns_nothing_ends_without_waiting_for_what_others_own(
        database: TestDatabase
    ) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        scan_once(&database, &outbox, "p1").await;
        let killed = if database.is_sqlite() { "zeroblob(16)" } else { "gen_random_uuid()" };
        let lease = format!("UPDATE outbox_lease SET owner = {killed}");
        database.execute_unprepared(&lease).await.unwrap();
        let hour = Duration::from_secs(3_600);
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon().lease(hour));
        assert!(relay.spawn().drain(LONG).await);
        assert!(broker.arrived().is_empty());
    }

    async fn a_relay_hears_of_writes_of_other_processes(database: TestDatabase) {
        let (_, broker) = (outbox(&database).await, Broker::default());
        let relay = relay_elsewhere(&database, &broker).await;
        until(&database, LEASED, 16).await;
        let elsewhere = Database::connect(database.options()).await.unwrap();
        let outbox = Outbox::new(&elsewhere, OutboxOptions::default());
        scan_once(&elsewhere, &outbox, "p1").await;
        broker.has(1).await;
        assert!(relay.drain(LONG).await);
    }
}

/// Nobody looks by himself here within the time of the test.
#[tokio::test]
async fn with_postgres_a_relay_elsewhere_is_woken_by_the_commit() {
    TestDatabase::postgres()
        .await
        .run(|database: TestDatabase| async move {
            let (_, broker) = (outbox(&database).await, Broker::default());
            let there = Database::connect(database.options()).await.unwrap();
            let there = Outbox::new(&there, OutboxOptions::default());
            let hour = Duration::from_secs(3_600);
            let relay = Relay::new(&there, Arc::new(broker.clone())).options(soon().poll(hour));
            let relay = relay.spawn();
            until(&database, LEASED, 16).await;
            let here = Outbox::new(&database.database(), OutboxOptions::default());
            let mut parcels = HashSet::new();
            // The first ones may still be found by the polls that come soon after the start.
            for round in 0..8_i32 {
                let parcel = format!("p{round}");
                scan_once(&database, &here, &parcel).await;
                parcels.insert(parcel);
                broker.has(parcels.len()).await;
                tokio::time::sleep(Duration::from_millis(10) * 2_u32.pow(round.unsigned_abs()))
                    .await;
            }
            assert!(relay.drain(LONG).await);
        })
        .await;
}
