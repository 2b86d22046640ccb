//! When a bus in memory says that an event is settled.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use czo_core::{Audience, BusError, DomainEvent, EventBus, HandlerError, Settlement, handler_fn};
use czo_events::InProcessBus;
use futures_util::FutureExt;
use tokio::sync::{Barrier, mpsc};
use tokio::task::{JoinSet, yield_now};

use crate::support::{
    closed_gate, collect, collect_behind, counted, number_of, open, received, subscribe,
};

async fn relay(bus: &InProcessBus, number: usize) -> Settlement {
    bus.relay(counted(number), &Audience::Everyone).await.unwrap()
}

fn only(group: &str) -> Audience {
    Audience::Group(group.parse().unwrap())
}

#[tokio::test]
async fn what_waits_for_the_last_of_a_group_is_settled_when_it_leaves() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (subscription, mut held) = collect_behind(&bus, "#", "one", &gate).await;
    let (mut begun, waiting) = (relay(&bus, 0).await, relay(&bus, 1).await);
    assert_eq!(held.recv().await, Some(0));
    drop(subscription);
    assert!(matches!(waiting.now_or_never(), Some(Ok(()))));
    assert!((&mut begun).now_or_never().is_none());
    open(&gate);
    begun.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_failed_and_nobody_is_left_for_is_settled() {
    let bus = InProcessBus::new();
    let (sender, mut tried) = mpsc::unbounded_channel();
    let handler = handler_fn(move |_| {
        sender.send(()).unwrap();
        async { Err(HandlerError::retryable("not now")) }
    });
    let subscription = subscribe(&bus, "#", "failing", handler).await;
    let settlement = relay(&bus, 1).await;
    tried.recv().await.unwrap();
    drop(subscription);
    settlement.await.unwrap();
}

#[tokio::test]
async fn a_bus_that_is_dropped_settles_what_it_handles() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (subscription, _held) = collect_behind(&bus, "#", "one", &gate).await;
    subscription.detach();
    let (mut first, second) = (relay(&bus, 0).await, relay(&bus, 1).await);
    drop(bus);
    yield_now().await;
    assert!((&mut first).now_or_never().is_none());
    open(&gate);
    first.await.unwrap();
    second.await.unwrap();
}

#[tokio::test]
async fn what_fails_after_the_deadline_of_a_shutdown_is_not_settled() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (held, (sender, mut tried)) = (gate.clone(), mpsc::unbounded_channel());
    let handler = handler_fn(move |_| {
        let (held, sender) = (held.clone(), sender.clone());
        async move {
            sender.send(()).unwrap();
            held.acquire().await.unwrap().forget();
            Err(HandlerError::retryable("not now"))
        }
    });
    subscribe(&bus, "#", "failing", handler).await.detach();
    let settlement = relay(&bus, 1).await;
    tried.recv().await.unwrap();
    bus.shutdown(Duration::ZERO).await.unwrap_err();
    open(&gate);
    // Waits until nothing is left of it.
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    assert!(matches!(settlement.await, Err(BusError::Closed)));
}

#[tokio::test]
async fn what_is_handled_after_the_deadline_is_settled_for_whoever_asks_then() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (subscription, mut held) = collect_behind(&bus, "#", "slow", &gate).await;
    subscription.detach();
    let settlement = relay(&bus, 1).await;
    assert_eq!(held.recv().await, Some(1));
    bus.shutdown(Duration::ZERO).await.unwrap_err();
    open(&gate);
    assert_eq!(held.recv().await, None);
    settlement.await.unwrap();
}

#[test]
fn what_the_end_of_a_runtime_cuts_short_is_not_settled() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bus = InProcessBus::new();
    let (begun, waiting) = runtime.block_on(async {
        let gate = closed_gate();
        let (subscription, mut held) = collect_behind(&bus, "#", "stuck", &gate).await;
        subscription.detach();
        let settlements = (relay(&bus, 0).await, relay(&bus, 1).await);
        assert_eq!(held.recv().await, Some(0));
        settlements
    });
    drop(runtime);
    assert!(matches!(begun.now_or_never(), Some(Err(BusError::Closed))));
    drop(bus);
    assert!(matches!(waiting.now_or_never(), Some(Err(BusError::Closed))));
}

#[tokio::test(start_paused = true)]
async fn a_group_without_room_is_named_and_the_others_get_the_event() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (_subscription, _held) = collect_behind(&bus, "#", "stuck", &gate).await;
    let mut good = collect(&bus, "#", "good").await;
    let _ = bus.publish_batch((0..1_200).map(counted).collect()).await;
    for (number, audience) in [(5_000, Audience::Everyone), (5_001, only("stuck"))] {
        let refused = bus.relay(counted(number), &audience).await.unwrap_err();
        assert!(
            matches!(&refused, BusError::Overloaded { group, .. } if group.as_str() == "stuck"),
            "{refused:?}"
        );
    }
    bus.relay(counted(5_002), &only("good")).await.unwrap().await.unwrap();
    assert_eq!(received(&mut good)[1_200..], [5_000, 5_002]);
    open(&gate);
}

/// What is settled was handled by every group, and after a shutdown nothing is left open.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn shutdown_and_relays_agree_on_what_is_settled() {
    let (mut kept, mut lost) = (0, 0);
    for round in 0..200 {
        let bus = InProcessBus::new();
        let handled = Arc::new(Mutex::new(HashSet::new()));
        for group in ["one", "two"] {
            let handled = handled.clone();
            let handler = handler_fn(move |event: Arc<DomainEvent>| {
                let handled = handled.clone();
                async move {
                    yield_now().await;
                    handled.lock().unwrap().insert((group, number_of(&event)));
                    Ok(())
                }
            });
            subscribe(&bus, "#", group, handler).await.detach();
        }
        let start = Arc::new(Barrier::new(5));
        let mut relays = JoinSet::new();
        for relaying in 0..4 {
            let (bus, start, handled) = (bus.clone(), start.clone(), handled.clone());
            relays.spawn(async move {
                start.wait().await;
                let mut settlements = Vec::new();
                for number in relaying * 50..(relaying + 1) * 50 {
                    match bus.relay(counted(number), &Audience::Everyone).await {
                        Ok(settlement) => settlements.push((number, settlement)),
                        Err(error) => assert!(matches!(error, BusError::Closed), "{error}"),
                    }
                }
                let (mut kept, mut lost) = (0, 0);
                for (number, settlement) in settlements {
                    let ready = tokio::time::timeout(Duration::from_secs(10), settlement).await;
                    if ready.unwrap().is_err() {
                        lost += 1;
                        continue;
                    }
                    kept += 1;
                    let handled = handled.lock().unwrap();
                    assert!(["one", "two"].iter().all(|group| handled.contains(&(*group, number))));
                }
                (kept, lost)
            });
        }
        start.wait().await;
        for _ in 0..round {
            yield_now().await;
        }
        let _ = bus.shutdown(Duration::ZERO).await;
        for (of_kept, of_lost) in relays.join_all().await {
            (kept, lost) = (kept + of_kept, lost + of_lost);
        }
    }
    assert!(kept > 0 && lost > 0, "kept {kept}, lost {lost}: the test shows nothing");
}
