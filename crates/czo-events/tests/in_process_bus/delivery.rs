//! Who gets an event, in which order, and what a handler may do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use czo_core::{
    EventBus, EventBusExt, HandlerError, Health, RequestContext, SubscribeOptions, TopicPattern,
    handler_fn,
};
use czo_events::InProcessBus;
use tokio::sync::{Notify, mpsc};

use crate::support::{Counted, closed_gate, collect, counted, drain, open, received};

#[tokio::test]
async fn every_matching_group_gets_every_event_in_order() {
    let bus = InProcessBus::new();
    let mut exact = collect(&bus, "test.number.counted", "one").await;
    let mut wild = collect(&bus, "test.#", "two").await;
    let mut other = collect(&bus, "order.#", "three").await;
    for number in 0..5_000 {
        bus.publish(counted(number)).await.unwrap();
    }
    assert_eq!(drain(&bus, &mut exact).await, (0..5_000).collect::<Vec<_>>());
    assert_eq!(drain(&bus, &mut wild).await, (0..5_000).collect::<Vec<_>>());
    assert!(drain(&bus, &mut other).await.is_empty());
}

#[tokio::test]
async fn a_batch_longer_than_the_queue_keeps_its_order() {
    let bus = InProcessBus::new();
    let mut numbers = collect(&bus, "#", "one").await;
    bus.publish_batch((0..5_000).map(counted).collect()).await.unwrap();
    assert_eq!(drain(&bus, &mut numbers).await, (0..5_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_subscribes_later_gets_what_is_published_from_then_on() {
    let bus = InProcessBus::new();
    let mut first = collect(&bus, "#", "first").await;
    bus.publish(counted(1)).await.unwrap();
    let mut second = collect(&bus, "#", "second").await;
    bus.publish(counted(2)).await.unwrap();
    assert_eq!(drain(&bus, &mut first).await, [1, 2]);
    assert_eq!(received(&mut second), [2]);
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
    let mut good = collect(&bus, "#", "good").await;
    for number in 0..3 {
        bus.publish(counted(number)).await.unwrap();
    }
    assert_eq!(drain(&bus, &mut good).await, [0, 1, 2]);
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

/// The most handlers that ran at once, for 50 events that end when `most` run or time passes.
async fn most_at_once(options: SubscribeOptions, gate_opens_at: usize) -> usize {
    let bus = InProcessBus::new();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let gate = closed_gate();
    let (now, peak) = (running.clone(), most.clone());
    let handler = handler_fn(move |_| {
        let (now, peak, gate) = (now.clone(), peak.clone(), gate.clone());
        async move {
            let at_once = now.fetch_add(1, Ordering::Relaxed) + 1;
            peak.fetch_max(at_once, Ordering::Relaxed);
            if at_once == gate_opens_at {
                open(&gate);
            }
            gate.acquire().await.unwrap().forget();
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::Relaxed);
            Ok(())
        }
    });
    bus.subscribe(TopicPattern::all(), "wide".parse().unwrap(), Arc::new(handler), options)
        .await
        .unwrap()
        .detach();
    for number in 0..50 {
        bus.publish(counted(number)).await.unwrap();
    }
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    most.load(Ordering::Relaxed)
}

#[tokio::test]
async fn concurrency_lets_that_many_handlers_run_at_once() {
    assert_eq!(most_at_once(SubscribeOptions::default().concurrency(4), 4).await, 4);
}

#[tokio::test]
async fn concurrency_zero_counts_as_one() {
    let mut options = SubscribeOptions::default();
    options.concurrency = 0;
    assert_eq!(most_at_once(options, 1).await, 1);
}

#[tokio::test]
async fn a_handler_may_publish_and_subscribe() {
    let bus = InProcessBus::new();
    let mut inner = collect(&bus, "test.number.skipped", "inner").await;
    let (again, done) = (bus.clone(), Arc::new(Notify::new()));
    let ready = done.clone();
    bus.on("outer".parse().unwrap(), move |event: Counted, _| {
        let (again, ready) = (again.clone(), ready.clone());
        async move {
            collect(&again, "#", "late").await;
            again.publish(crate::support::skipped(event.number)).await?;
            ready.notify_one();
            Ok(())
        }
    })
    .await
    .unwrap()
    .detach();
    bus.publish(counted(7)).await.unwrap();
    done.notified().await;
    assert_eq!(drain(&bus, &mut inner).await, [7]);
}

#[tokio::test]
async fn health_counts_the_groups() {
    let bus = InProcessBus::new();
    let _one = collect(&bus, "#", "one").await;
    let _two = collect(&bus, "order.#", "two").await;
    let _again = collect(&bus, "#", "two").await;
    assert_eq!(bus.health().await, Health::up().with_detail("in process, groups: 2"));
}

#[test]
fn the_bus_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<InProcessBus>();
}
