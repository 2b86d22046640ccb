//! What comes to an end, and what is still handled.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    BusError, DomainEvent, EventBus, EventHandler, HandlerError, SubscribeOptions, TopicPattern,
    handler_fn,
};
use czo_events::InProcessBus;
use tokio::sync::{Barrier, mpsc};
use tokio::task::{JoinSet, yield_now};

use crate::support::{closed_gate, collect_behind, counted, number_of, open, received, subscribe};

#[tokio::test]
async fn a_bus_that_is_dropped_handles_what_waits_and_its_tasks_end() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (subscription, mut numbers) = collect_behind(&bus, "#", "one", &gate).await;
    for number in 0..10 {
        bus.publish(counted(number)).await.unwrap();
    }
    subscription.detach();
    drop(bus);
    open(&gate);
    for number in 0..10 {
        assert_eq!(numbers.recv().await, Some(number));
    }
    // The handler, which holds the sender, is dropped with its task.
    assert_eq!(numbers.recv().await, None);
}

#[tokio::test]
async fn after_a_dropped_bus_a_member_that_leaves_keeps_no_other_from_ending() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (leaver, mut held) = collect_behind(&bus, "#", "shared", &gate).await;
    bus.publish(counted(0)).await.unwrap();
    assert_eq!(held.recv().await, Some(0));
    let (sender, mut skips) = mpsc::unbounded_channel();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let _ = sender.send(number_of(&event));
        async { Ok(()) }
    });
    subscribe(&bus, "test.number.skipped", "shared", handler).await.detach();
    bus.publish(counted(1)).await.unwrap();
    drop(bus);
    drop(leaver);
    open(&gate);
    assert_eq!(skips.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_publisher_whose_event_is_given_up_is_told() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (_subscription, mut held) = collect_behind(&bus, "#", "stuck", &gate).await;
    for number in 0..1_025 {
        bus.publish(counted(number)).await.unwrap();
        if number == 0 {
            assert_eq!(held.recv().await, Some(0));
        }
    }
    let publisher = tokio::spawn({
        let bus = bus.clone();
        async move { bus.publish(counted(1_025)).await }
    });
    yield_now().await;
    let ended = bus.shutdown(Duration::from_secs(1)).await;
    assert!(matches!(ended, Err(BusError::DrainTimedOut { left: 1_026 })), "{ended:?}");
    assert!(matches!(publisher.await.unwrap(), Err(BusError::Closed)));
    open(&gate);
    yield_now().await;
    assert!(received(&mut held).is_empty(), "something ran after the deadline");
}

/// Every event whose `publish` returned `Ok` is handled exactly once, and no other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn shutdown_and_publishers_agree_on_what_was_taken() {
    let mut cut_short = 0;
    for round in 0..200 {
        let bus = InProcessBus::new();
        let (sender, mut numbers) = mpsc::unbounded_channel();
        for group in ["one", "two"] {
            let sender = sender.clone();
            let handler = handler_fn(move |event: Arc<DomainEvent>| {
                let _ = sender.send((group, number_of(&event)));
                async {
                    yield_now().await;
                    Ok(())
                }
            });
            subscribe(&bus, "#", group, handler).await.detach();
        }
        let start = Arc::new(Barrier::new(9));
        let mut publishers = JoinSet::new();
        for publisher in 0..8 {
            let (bus, start) = (bus.clone(), start.clone());
            publishers.spawn(async move {
                let events: Vec<_> =
                    (0..50).map(|event| publisher * 50 + event).map(counted).collect();
                start.wait().await;
                let mut taken = Vec::new();
                for event in events {
                    let number = number_of(&event);
                    match bus.publish(event).await {
                        Ok(()) => taken.push(number),
                        Err(BusError::Closed) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
                taken
            });
        }
        start.wait().await;
        for _ in 0..round % 20 {
            yield_now().await;
        }
        bus.shutdown(Duration::from_secs(30)).await.unwrap();

        let taken: Vec<_> = publishers.join_all().await.concat();
        cut_short += usize::from(taken.len() < 400 && !taken.is_empty());
        let mut handled = BTreeMap::new();
        while let Ok(delivery) = numbers.try_recv() {
            *handled.entry(delivery).or_insert(0) += 1;
        }
        let once: BTreeMap<_, _> = ["one", "two"]
            .iter()
            .flat_map(|group| taken.iter().map(|number| ((*group, *number), 1)))
            .collect();
        assert_eq!(handled, once);
    }
    assert!(cut_short > 0, "no shutdown ever met a publisher: the test shows nothing");
}

struct Idle;

#[async_trait]
impl EventHandler for Idle {
    async fn handle(&self, _event: Arc<DomainEvent>) -> Result<(), HandlerError> {
        Ok(())
    }
}

/// Whether a subscription came before the end or after it, its task ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn shutdown_leaves_no_task_of_a_subscription_behind() {
    for round in 0..200 {
        let bus = InProcessBus::new();
        let start = Arc::new(Barrier::new(9));
        let mut subscribers = JoinSet::new();
        for _ in 0..8 {
            let (bus, start) = (bus.clone(), start.clone());
            subscribers.spawn(async move {
                start.wait().await;
                let handler = Arc::new(Idle);
                let left_behind: Weak<Idle> = Arc::downgrade(&handler);
                let (all, group) = (TopicPattern::all(), "racing".parse().unwrap());
                match bus.subscribe(all, group, handler, SubscribeOptions::default()).await {
                    Ok(subscription) => subscription.detach(),
                    Err(error) => assert!(matches!(error, BusError::Closed)),
                }
                left_behind
            });
        }
        start.wait().await;
        for _ in 0..round % 5 {
            yield_now().await;
        }
        bus.shutdown(Duration::ZERO).await.unwrap();
        for handler in subscribers.join_all().await {
            let gone = async {
                while handler.strong_count() > 0 {
                    yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
        }
    }
}
