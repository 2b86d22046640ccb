//! What happens when the bus or an event is no good.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{HealthCheck, HealthStatus};
use czo_outbox::{ParkedFilter, Relay};
use czo_testkit::on_each_database;
use sea_orm::ConnectionTrait;

use crate::broker::Broker;
use crate::shop::{LONG, number, outbox, scan_once, soon, until};

const WAITING: &str = "SELECT count(*) FROM outbox_event";
const PARKED: &str = "SELECT count(*) FROM outbox_parked";

on_each_database! {
    async fn everything_arrives_in_order_once_the_bus_is_back(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        scan_once(&database, &outbox, "p1").await;
        broker.has(1).await;
        broker.set_down(true);
        for _ in 0..50 {
            scan_once(&database, &outbox, "p1").await;
            scan_once(&database, &outbox, "p2").await;
        }
        let asked = broker.attempts();
        broker.was_asked(asked + 3).await;
        assert_eq!(relay.health().check().await.status, HealthStatus::Degraded);
        broker.set_down(false);
        broker.has(101).await;
        assert!(broker.scans_of("p1").into_iter().eq(1..=51));
        assert!(broker.scans_of("p2").into_iter().eq(1..=50));
        until(&database, WAITING, 0).await;
        assert_eq!(relay.health().check().await.status, HealthStatus::Up);
        assert!(relay.drain(LONG).await);
    }

    async fn what_has_arrived_does_not_wait_by_the_report_of_health(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        broker.set_down(true);
        for _ in 0..3 {
            scan_once(&database, &outbox, "p1").await;
        }
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        let health = relay.health();
        let says = async |text: &str| health.check().await.detail.unwrap().contains(text);
        let counted = async {
            while !says("3 events wait").await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LONG, counted).await.unwrap();
        broker.set_down(false);
        until(&database, WAITING, 0).await;
        assert!(says("0 events wait").await);
        assert!(relay.drain(LONG).await);
    }

    async fn a_bus_that_is_down_is_not_asked_without_a_pause(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        broker.set_down(true);
        for round in 0..500 {
            scan_once(&database, &outbox, &format!("p{round}")).await;
        }
        let hour = Duration::from_secs(3_600);
        let options = soon().window(16).longest_pause(hour);
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(options).spawn();
        // Those that were on their way together, then one each time, later and later.
        broker.was_asked(16 + 3).await;
        let asked = broker.attempts();
        assert!(asked < 16 + 10, "asked {asked} times");
        broker.set_down(false);
        broker.has(500).await;
        assert!(relay.drain(LONG).await);
    }

    async fn a_poison_row_is_parked_and_the_others_go_on(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        broker.refuse("poison", true);
        scan_once(&database, &outbox, "poison").await;
        scan_once(&database, &outbox, "damaged").await;
        let damage = "UPDATE outbox_event SET event = '{\"no\": 1' WHERE event LIKE '%damaged%'";
        database.execute_unprepared(damage).await.unwrap();
        for _ in 0..20 {
            scan_once(&database, &outbox, "p1").await;
        }
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        broker.has(20).await;
        until(&database, PARKED, 2).await;
        let parked = outbox.parked().list(&ParkedFilter::all(), 10).await.unwrap();
        let errors: Vec<_> = parked.iter().map(|parked| parked.error.as_str()).collect();
        assert!(errors.iter().any(|error| error.contains("cannot be read as an event")), "{errors:?}");
        assert!(errors.iter().any(|error| error.contains("test.group")), "{errors:?}");
        assert_eq!(outbox.status().await.unwrap().parked, 2);

        // The reason is gone: it arrives after all.
        broker.refuse("poison", false);
        let of_group = ParkedFilter::all().error("test.group");
        assert_eq!(outbox.parked().retry(&of_group).await.unwrap(), 1);
        broker.has(21).await;
        assert_eq!(broker.scans_of("poison"), [1]);
        let all = ParkedFilter::all();
        assert_eq!(outbox.parked().purge(&all).await.unwrap(), 1);
        assert_eq!(number(&database, PARKED).await, 0);
        assert!(relay.drain(LONG).await);
    }

    async fn an_overloaded_group_holds_up_its_key_and_no_other(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        broker.overload("busy", true);
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        for _ in 0..10 {
            scan_once(&database, &outbox, "busy").await;
            scan_once(&database, &outbox, "p1").await;
        }
        broker.has(10).await;
        assert!(broker.scans_of("p1").into_iter().eq(1..=10));
        broker.overload("busy", false);
        broker.has(20).await;
        assert!(broker.scans_of("busy").into_iter().eq(1..=10));
        assert!(relay.drain(LONG).await);
    }

    async fn a_parked_event_is_found_by_what_is_said_of_it(database: TestDatabase) {
        let (outbox, broker) = (outbox(&database).await, Broker::default());
        broker.refuse("a", true);
        scan_once(&database, &outbox, "a").await;
        let relay = Relay::new(&outbox, Arc::new(broker.clone())).options(soon()).spawn();
        until(&database, PARKED, 1).await;
        let parked = outbox.parked();
        let found = parked.list(&ParkedFilter::all(), 10).await.unwrap().remove(0);
        assert_eq!((found.key.as_deref(), found.attempts), (Some("a"), 1));
        let by_id = ParkedFilter::all().event(found.event_id);
        assert_eq!(parked.list(&by_id, 10).await.unwrap().len(), 1);
        // A wildcard is a letter like any other.
        let wild = ParkedFilter::all().error("%");
        assert_eq!(parked.purge(&wild).await.unwrap(), 0);
        let other = ParkedFilter::all().event_type("parcel.item.lost".parse().unwrap());
        assert_eq!(parked.retry(&other).await.unwrap(), 0);
        assert!(relay.drain(LONG).await);
    }
}
