//! What a dual write shows of the second bus, and keeps from its callers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod faulty_bus;
mod with_outbox;

use std::sync::Arc;
use std::time::Duration;

use czo_core::{
    Audience, BusError, DomainEvent, Event, EventBus, EventFactory, Group, HealthStatus,
    RequestContext, SubscribeOptions, Subscription, SystemClock, SystemIds, handler_fn,
};
use czo_events::{DualWriteBus, InProcessBus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::faulty_bus::FaultyBus;

/// Something was counted.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("test.number.counted", version = 1)]
struct Counted {
    number: u64,
}

fn counted(number: u64) -> DomainEvent {
    EventFactory::new("test", Arc::new(SystemClock), Arc::new(SystemIds))
        .event(&RequestContext::system(&SystemIds), &Counted { number })
        .unwrap()
}

fn group(name: &str) -> Group {
    name.parse().unwrap()
}

async fn collect(bus: &dyn EventBus, name: &str) -> (Subscription, mpsc::UnboundedReceiver<u64>) {
    let (sender, numbers) = mpsc::unbounded_channel();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let _ = sender.send(event.data["number"].as_u64().unwrap());
        async { Ok(()) }
    });
    let pattern = "test.#".parse().unwrap();
    let options = SubscribeOptions::default();
    (bus.subscribe(pattern, group(name), Arc::new(handler), options).await.unwrap(), numbers)
}

/// As [`collect`], once the broker listens too.
async fn compared(bus: &DualWriteBus, name: &str) -> (Subscription, mpsc::UnboundedReceiver<u64>) {
    let collected = collect(bus, name).await;
    while !bus.ledger().groups()[&group(name)].is_compared {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    collected
}

/// Two buses, the second one at fault as told.
fn both() -> (DualWriteBus, FaultyBus) {
    let broker = FaultyBus::default();
    let local = Arc::new(InProcessBus::new());
    (DualWriteBus::new(local, Arc::new(broker.clone())), broker)
}

/// Waits until the ledger has nothing to object.
async fn ready(bus: &DualWriteBus, least: u64) {
    let wait = async {
        while !bus.ledger().verdict(least).is_ready() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), wait).await;
    assert!(waited.is_ok(), "{}", bus.ledger().verdict(least));
}

#[tokio::test(start_paused = true)]
async fn handlers_run_once_and_the_ledger_finds_no_divergence() {
    let (bus, _broker) = both();
    let (_subscription, mut numbers) = compared(&bus, "one").await;
    let (_other, _) = compared(&bus, "two").await;
    for number in 0..100 {
        bus.publish(counted(number)).await.unwrap();
    }
    ready(&bus, 100).await;
    let row = bus.ledger().types().into_values().next().unwrap();
    assert_eq!((row.published, row.confirmed, row.missing), (100, 100, 0));
    let groups = bus.ledger().groups();
    assert_eq!(groups.keys().map(Group::as_str).collect::<Vec<_>>(), ["one", "two"]);
    assert!(groups.values().all(|row| row.matched == 100), "{groups:?}");
    let verdict = bus.ledger().verdict(100).to_string();
    assert_eq!(verdict, "ready for the cut-over: 100 events, no divergence");
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    let got: Vec<_> = std::iter::from_fn(|| numbers.try_recv().ok()).collect();
    assert_eq!(got, (0..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn too_few_events_prove_nothing() {
    let (bus, _broker) = both();
    bus.publish(counted(1)).await.unwrap();
    ready(&bus, 1).await;
    let verdict = bus.ledger().verdict(1_000);
    assert_eq!(verdict.objections, ["published were 1 events of at least 1000"]);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_fails_delays_nobody_and_gets_everything_in_order_later() {
    let (bus, broker) = both();
    let (_subscription, mut numbers) = compared(&bus, "one").await;
    broker.fail(true);
    let start = Instant::now();
    for number in 0..1_000 {
        bus.publish(counted(number)).await.unwrap();
        assert_eq!(numbers.recv().await, Some(number));
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let health = bus.health().await;
    assert_eq!(health.status, HealthStatus::Degraded);
    assert!(health.detail.unwrap().starts_with("1000 events wait for the broker"));
    assert!(!bus.ledger().verdict(0).is_ready());
    broker.fail(false);
    ready(&bus, 1_000).await;
    assert_eq!(broker.taken(), (0..1_000).collect::<Vec<_>>());
    assert_eq!(bus.health().await.status, HealthStatus::Up);
    let row = bus.ledger().types().into_values().next().unwrap();
    assert!(row.longest_lag >= Duration::from_secs(60), "{row:?}");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_broker_loses_shows_as_only_local() {
    let (bus, broker) = both();
    let (_subscription, _numbers) = compared(&bus, "one").await;
    broker.lose(3);
    for number in 0..10 {
        bus.publish(counted(number)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    let row = bus.ledger().groups()[&group("one")].clone();
    assert_eq!((row.matched, row.only_local, row.only_broker), (9, 1, 0));
    let verdict = bus.ledger().verdict(0).to_string();
    assert!(verdict.contains("1 events of group `one` arrived on the local bus only"), "{verdict}");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_broker_brings_twice_is_counted_and_handled_once() {
    let (bus, broker) = both();
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let (held, handled) = (gate.clone(), Arc::new(std::sync::atomic::AtomicUsize::new(0)));
    let counter = handled.clone();
    let handler = handler_fn(move |_| {
        let (held, counter) = (held.clone(), counter.clone());
        async move {
            held.acquire().await.unwrap().forget();
            counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok(())
        }
    });
    let pattern = "test.#".parse().unwrap();
    let options = SubscribeOptions::default();
    let _subscription =
        bus.subscribe(pattern, group("one"), Arc::new(handler), options).await.unwrap();
    while !bus.ledger().groups()[&group("one")].is_compared {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    broker.repeat(true);
    // The second waits behind the first, so it is followed until that goes on.
    bus.publish(counted(0)).await.unwrap();
    bus.publish(counted(1)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    gate.add_permits(2);
    ready(&bus, 2).await;
    assert_eq!(bus.ledger().groups()[&group("one")].duplicates, 1);
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    assert_eq!(handled.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn more_than_ten_thousand_that_wait_for_the_broker_are_missing() {
    let (bus, broker) = both();
    broker.fail(true);
    for number in 0..10_300 {
        bus.publish(counted(number)).await.unwrap();
        if number == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    broker.fail(false);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let row = bus.ledger().types().into_values().next().unwrap();
    // One is with the task that publishes.
    assert_eq!((row.published, row.confirmed, row.missing), (10_300, 10_001, 299));
    assert!(
        bus.ledger().verdict(0).to_string().contains("299 of `test.number.counted` are missing")
    );
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_listens_late_delays_no_subscriber_and_is_asked_again() {
    let (bus, broker) = both();
    broker.fail(true);
    let start = Instant::now();
    let (_subscription, mut numbers) = collect(&bus, "one").await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let verdict = bus.ledger().verdict(0);
    let objection = "the broker does not listen for group `one` yet".to_owned();
    assert!(verdict.objections.contains(&objection), "{verdict}");
    broker.fail(false);
    tokio::time::sleep(Duration::from_secs(5)).await;
    bus.publish(counted(1)).await.unwrap();
    assert_eq!(numbers.recv().await, Some(1));
    ready(&bus, 1).await;
    assert_eq!(bus.ledger().groups()[&group("one")].matched, 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_group_of_the_broker_stops_nothing() {
    let (bus, broker) = both();
    let (_subscription, _numbers) = compared(&bus, "one").await;
    broker.overload(true);
    for number in 0..1_000 {
        bus.publish(counted(number)).await.unwrap();
    }
    ready(&bus, 1_000).await;
    assert_eq!(broker.taken(), (0..1_000).collect::<Vec<_>>());
    assert_eq!(bus.ledger().groups()[&group("one")].duplicates, 0);
    assert_eq!(bus.health().await.status, HealthStatus::Degraded);
}

#[tokio::test(start_paused = true)]
async fn subscriptions_of_a_group_are_compared_as_one() {
    let (bus, broker) = both();
    let (_first, _) = compared(&bus, "one").await;
    let (second, _) = compared(&bus, "one").await;
    broker.lose(1);
    for number in 0..10 {
        bus.publish(counted(number)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    second.cancel();
    let row = bus.ledger().groups()[&group("one")].clone();
    assert_eq!((row.matched, row.only_local, row.duplicates), (9, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_published_again_is_no_divergence() {
    let (bus, _broker) = both();
    let (_subscription, _numbers) = compared(&bus, "one").await;
    let event = counted(1);
    bus.publish(event.clone()).await.unwrap();
    bus.publish(event).await.unwrap();
    ready(&bus, 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_in_a_batch_leaves_no_divergence() {
    let (bus, _broker) = both();
    let (_subscription, _numbers) = compared(&bus, "one").await;
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let held = gate.clone();
    let handler = handler_fn(move |_| {
        let held = held.clone();
        async move {
            held.acquire().await.unwrap().forget();
            Ok(())
        }
    });
    let (pattern, options) = ("test.#".parse().unwrap(), SubscribeOptions::default());
    bus.subscribe(pattern, group("stuck"), Arc::new(handler), options).await.unwrap().detach();
    let batch = bus.publish_batch((0..3_000).map(counted).collect());
    assert!(tokio::time::timeout(Duration::from_secs(1), batch).await.is_err());
    gate.add_permits(10_000);
    ready(&bus, 1_000).await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_is_no_divergence() {
    let (bus, broker) = both();
    let (subscription, mut numbers) = compared(&bus, "one").await;
    broker.lose(1);
    bus.publish(counted(1)).await.unwrap();
    assert_eq!(numbers.recv().await, Some(1));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!bus.ledger().verdict(0).is_ready());
    drop(subscription);
    ready(&bus, 1).await;
}

#[tokio::test(start_paused = true)]
async fn the_local_bus_settles_what_the_broker_does_not_take_yet() {
    let (bus, broker) = both();
    let (_subscription, mut numbers) = compared(&bus, "one").await;
    broker.fail(true);
    let settlement = bus.relay(counted(1), &Audience::Everyone).await.unwrap();
    assert_eq!(numbers.recv().await, Some(1));
    settlement.await.unwrap();
    assert!(broker.taken().is_empty());
    broker.fail(false);
    ready(&bus, 1).await;
    assert_eq!(broker.taken(), [1]);
}

#[tokio::test(start_paused = true)]
async fn what_is_for_one_group_is_no_divergence_and_goes_to_no_broker() {
    let (bus, broker) = both();
    let (_subscription, mut numbers) = compared(&bus, "one").await;
    let event = counted(1);
    bus.publish(event.clone()).await.unwrap();
    ready(&bus, 1).await;
    for again in [event, counted(2)] {
        let relayed = bus.relay(again, &Audience::Group(group("one"))).await;
        relayed.unwrap().await.unwrap();
    }
    ready(&bus, 1).await;
    assert_eq!(broker.taken(), [1]);
    let got: Vec<_> = std::iter::from_fn(|| numbers.try_recv().ok()).collect();
    assert_eq!(got, [1, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn shutdown_gives_the_broker_what_waits_and_both_are_closed() {
    let (bus, broker) = both();
    for number in 0..500 {
        bus.publish(counted(number)).await.unwrap();
    }
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    assert_eq!(broker.taken().len(), 500);
    assert!(matches!(bus.publish(counted(1)).await, Err(BusError::Closed)));
    assert!(matches!(broker.publish(counted(1)).await, Err(BusError::Closed)));
    let row = bus.ledger().types().into_values().next().unwrap();
    assert_eq!((row.published, row.confirmed), (500, 500));
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_longer_than_its_deadline_for_a_broker_that_fails() {
    let (bus, broker) = both();
    broker.fail(true);
    bus.publish(counted(1)).await.unwrap();
    let start = Instant::now();
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    assert!(start.elapsed() <= Duration::from_secs(11), "{:?}", start.elapsed());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(bus.ledger().types().into_values().next().unwrap().missing, 1);
}
