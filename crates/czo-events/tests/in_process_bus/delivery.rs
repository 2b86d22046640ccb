//! Who gets an event, in which order, and what a handler may do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use czo_core::{EventBus, Health, SubscribeOptions, TopicPattern, handler_fn};
use czo_events::InProcessBus;

use crate::support::{closed_gate, collect, counted, drain, open, received};

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
async fn concurrency_zero_counts_as_one() {
    let mut options = SubscribeOptions::default();
    options.concurrency = 0;
    assert_eq!(most_at_once(options, 1).await, 1);
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
