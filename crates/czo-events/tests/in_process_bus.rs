//! What the in-process bus promises.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use czo_core::{
    BusError, DomainEvent, Event, EventBus, EventBusExt, EventFactory, HandlerError, HealthStatus,
    RequestContext, SubscribeOptions, SystemClock, SystemIds, TopicPattern, handler_fn,
};
use czo_events::InProcessBus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, Semaphore, mpsc};

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event("test.number.counted", version = 1)]
struct Counted {
    number: usize,
}

fn counted(number: usize) -> DomainEvent {
    EventFactory::new("test", Arc::new(SystemClock), Arc::new(SystemIds))
        .event(&RequestContext::system(&SystemIds), &Counted { number })
        .unwrap()
}

async fn collect(bus: &InProcessBus, pattern: &str, group: &str) -> mpsc::UnboundedReceiver<usize> {
    let (sender, numbers) = mpsc::unbounded_channel();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let sender = sender.clone();
        async move {
            let _ = sender.send(event.decode::<Counted>().unwrap().number);
            Ok(())
        }
    });
    let pattern: TopicPattern = pattern.parse().unwrap();
    bus.subscribe(pattern, group.parse().unwrap(), Arc::new(handler), SubscribeOptions::default())
        .await
        .unwrap()
        .detach();
    numbers
}

async fn drain(bus: &InProcessBus, mut numbers: mpsc::UnboundedReceiver<usize>) -> Vec<usize> {
    bus.shutdown(Duration::from_secs(10)).await.ok();
    let mut all = Vec::new();
    while let Ok(number) = numbers.try_recv() {
        all.push(number);
    }
    all
}

#[tokio::test]
async fn every_matching_group_gets_every_event_in_order() {
    let bus = InProcessBus::new();
    let exact = collect(&bus, "test.number.counted", "one").await;
    let wild = collect(&bus, "test.#", "two").await;
    let other = collect(&bus, "order.#", "three").await;
    for number in 0..5_000 {
        bus.publish(counted(number)).await.unwrap();
    }
    assert_eq!(drain(&bus, exact).await, (0..5_000).collect::<Vec<_>>());
    assert_eq!(drain(&bus, wild).await, (0..5_000).collect::<Vec<_>>());
    assert!(drain(&bus, other).await.is_empty());
}

#[tokio::test]
async fn the_subscriptions_of_one_group_share_its_events() {
    let bus = InProcessBus::new();
    let first = collect(&bus, "#", "shared").await;
    let second = collect(&bus, "#", "shared").await;
    for number in 0..100 {
        bus.publish(counted(number)).await.unwrap();
    }
    let (first, second) = (drain(&bus, first).await, drain(&bus, second).await);
    assert_eq!((first.len(), second.len()), (50, 50));
    let mut all = [first, second].concat();
    all.sort_unstable();
    assert_eq!(all, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_failing_and_a_panicking_handler_stop_neither_the_others_nor_themselves() {
    let bus = InProcessBus::new();
    let tried = Arc::new(AtomicUsize::new(0));
    let counter = tried.clone();
    bus.on("bad".parse().unwrap(), move |event: Counted, _| {
        counter.fetch_add(1, Ordering::Relaxed);
        async move {
            assert_ne!(event.number, 1, "boom");
            Err(HandlerError::permanent("no"))
        }
    })
    .await
    .unwrap()
    .detach();
    let good = collect(&bus, "#", "good").await;
    for number in 0..3 {
        bus.publish(counted(number)).await.unwrap();
    }
    assert_eq!(drain(&bus, good).await, [0, 1, 2]);
    assert_eq!(tried.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_handler_runs_in_the_context_of_its_event() {
    let bus = InProcessBus::new();
    let (sender, mut seen) = mpsc::unbounded_channel();
    bus.on("context".parse().unwrap(), move |_: Counted, _| {
        let sender = sender.clone();
        async move {
            let _ = sender.send(RequestContext::current());
            Ok(())
        }
    })
    .await
    .unwrap()
    .detach();
    let event = counted(1);
    bus.publish(event.clone()).await.unwrap();
    assert_eq!(seen.recv().await.unwrap(), Some(event.context()));
}

#[tokio::test]
async fn a_dropped_subscription_gets_nothing_more_and_its_running_handler_finishes() {
    let bus = InProcessBus::new();
    let (started, release, finished) =
        (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (begin, go, done) = (started.clone(), release.clone(), finished.clone());
    let subscription = bus
        .on("slow".parse().unwrap(), move |_: Counted, _| {
            let (begin, go, done) = (begin.clone(), go.clone(), done.clone());
            async move {
                begin.notify_one();
                go.notified().await;
                done.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        })
        .await
        .unwrap();
    bus.publish(counted(1)).await.unwrap();
    bus.publish(counted(2)).await.unwrap();
    started.notified().await;
    drop(subscription);
    bus.publish(counted(3)).await.unwrap();
    release.notify_one();
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    assert_eq!(finished.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_subscription_refuses_the_event_for_all_groups_and_names_itself() {
    let bus = InProcessBus::new();
    let good = collect(&bus, "#", "a_good").await;
    let stuck = Arc::new(Notify::new());
    bus.on("stuck".parse().unwrap(), move |_: Counted, _| {
        let stuck = stuck.clone();
        async move {
            stuck.notified().await;
            Ok(())
        }
    })
    .await
    .unwrap()
    .detach();
    let mut taken = 0;
    let refused = loop {
        match bus.publish(counted(taken)).await {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(&refused, BusError::Overloaded { group, .. } if group.as_str() == "stuck"));
    assert!((1_024..1_100).contains(&taken), "{taken}");
    assert_eq!(bus.health().await.status, HealthStatus::Degraded);
    let left = bus.shutdown(Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(left, BusError::DrainTimedOut { left } if left == taken), "{left}");
    assert_eq!(drain(&bus, good).await.len(), taken);
}

#[tokio::test]
async fn concurrency_lets_that_many_handlers_run_at_once() {
    let bus = InProcessBus::new();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let gate = Arc::new(Semaphore::new(0));
    let (now, peak, door) = (running.clone(), most.clone(), gate.clone());
    let handler = handler_fn(move |_| {
        let (now, peak, door) = (now.clone(), peak.clone(), door.clone());
        async move {
            let at_once = now.fetch_add(1, Ordering::Relaxed) + 1;
            peak.fetch_max(at_once, Ordering::Relaxed);
            if at_once == 4 {
                door.add_permits(100);
            }
            let _permit = door.acquire().await;
            now.fetch_sub(1, Ordering::Relaxed);
            Ok(())
        }
    });
    let options = SubscribeOptions::default().concurrency(4);
    bus.subscribe(TopicPattern::all(), "wide".parse().unwrap(), Arc::new(handler), options)
        .await
        .unwrap()
        .detach();
    for number in 0..50 {
        bus.publish(counted(number)).await.unwrap();
    }
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    assert_eq!(most.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn a_bus_that_is_shut_down_takes_nothing() {
    let bus = InProcessBus::new();
    bus.shutdown(Duration::ZERO).await.unwrap();
    assert!(matches!(bus.publish(counted(1)).await, Err(BusError::Closed)));
    assert_eq!(bus.health().await.status, HealthStatus::Down);
}

#[test]
fn the_bus_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<InProcessBus>();
}
