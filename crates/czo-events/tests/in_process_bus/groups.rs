//! How the subscriptions of one group share its events, and what happens when one ends.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{DomainEvent, EventBus, handler_fn};
use czo_events::InProcessBus;
use tokio::sync::mpsc;
use tokio::task::yield_now;

use crate::support::{
    closed_gate, collect, collect_behind, counted, drain, number_of, open, received, skipped,
    subscribe,
};

#[tokio::test]
async fn a_busy_subscription_leaves_the_events_to_a_free_one() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (_busy, mut held) = collect_behind(&bus, "#", "shared", &gate).await;
    bus.publish(counted(0)).await.unwrap();
    assert_eq!(held.recv().await, Some(0));
    let mut free = collect(&bus, "#", "shared").await;
    for number in 1..500 {
        bus.publish(counted(number)).await.unwrap();
    }
    for number in 1..500 {
        assert_eq!(free.recv().await, Some(number));
    }
}

#[tokio::test]
async fn an_event_is_handled_by_a_member_whose_pattern_matches() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (_busy, mut counts) = collect_behind(&bus, "test.number.counted", "mixed", &gate).await;
    let mut skips = collect(&bus, "test.number.skipped", "mixed").await;
    for number in 0..100 {
        bus.publish(counted(number)).await.unwrap();
        bus.publish(skipped(number)).await.unwrap();
    }
    // What waits for the busy member does not keep the other one from its events.
    for number in 0..100 {
        assert_eq!(skips.recv().await, Some(number));
    }
    open(&gate);
    assert_eq!(drain(&bus, &mut counts).await, (0..100).collect::<Vec<_>>());
    assert!(received(&mut skips).is_empty());
}

#[tokio::test]
async fn what_waits_when_one_member_ends_is_handled_by_the_others_in_order() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (leaver, mut held) = collect_behind(&bus, "#", "shared", &gate).await;
    let (_stayer, mut numbers) = collect_behind(&bus, "#", "shared", &gate).await;
    for number in 0..100 {
        bus.publish(counted(number)).await.unwrap();
    }
    assert!(held.recv().await.unwrap() < 2);
    assert!(numbers.recv().await.unwrap() < 2);
    drop(leaver);
    open(&gate);
    assert_eq!(drain(&bus, &mut numbers).await, (2..100).collect::<Vec<_>>());
    assert!(received(&mut held).is_empty());
}

#[tokio::test]
async fn what_nobody_left_in_the_group_wants_is_dropped() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (leaver, mut held) = collect_behind(&bus, "#", "shared", &gate).await;
    bus.publish(counted(0)).await.unwrap();
    assert_eq!(held.recv().await, Some(0));
    let (_stayer, mut skips) = collect_behind(&bus, "test.number.skipped", "shared", &gate).await;
    for number in 0..10 {
        bus.publish(counted(number)).await.unwrap();
        bus.publish(skipped(number)).await.unwrap();
    }
    drop(leaver);
    open(&gate);
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    assert_eq!(received(&mut skips), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_group_can_be_left_and_joined_again() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    for round in 0..3 {
        let (subscription, mut numbers) = collect_behind(&bus, "#", "again", &gate).await;
        bus.publish(counted(round)).await.unwrap();
        assert_eq!(numbers.recv().await, Some(round));
        drop(subscription);
        bus.publish(counted(99)).await.unwrap();
        yield_now().await;
        assert!(received(&mut numbers).is_empty());
    }
}

/// Members come and go while events are published; one stays, so nothing may be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_while_members_come_and_go() {
    for _ in 0..20 {
        let bus = InProcessBus::new();
        let (sender, mut numbers) = mpsc::unbounded_channel();
        let handler = move || {
            let sender = sender.clone();
            handler_fn(move |event: Arc<DomainEvent>| {
                let _ = sender.send(number_of(&event));
                async { Ok(()) }
            })
        };
        subscribe(&bus, "#", "shared", handler()).await.detach();
        let coming_and_going = tokio::spawn({
            let bus = bus.clone();
            async move {
                for _ in 0..200 {
                    let subscription = subscribe(&bus, "test.#", "shared", handler()).await;
                    yield_now().await;
                    drop(subscription);
                }
            }
        });
        for number in 0..1_000 {
            bus.publish(counted(number)).await.unwrap();
        }
        coming_and_going.await.unwrap();
        let mut all = drain(&bus, &mut numbers).await;
        all.sort_unstable();
        assert_eq!(all, (0..1_000).collect::<Vec<_>>());
    }
}
