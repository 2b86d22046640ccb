//! What a slow or stuck group does to publishers and to the other groups.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{BusError, DomainEvent, EventBus, HealthStatus, handler_fn};
use czo_events::InProcessBus;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::support::{
    closed_gate, collect, collect_behind, counted, drain, number_of, open, received, subscribe,
};

const CAPACITY: usize = 1_024;
const PATIENCE: Duration = Duration::from_secs(5);

fn stuck(result: &Result<(), BusError>) -> bool {
    matches!(result, Err(BusError::Overloaded { group, .. }) if group.as_str() == "stuck")
}

/// Fills the queue of a stuck group: its handler has event 0, all others wait. Nobody is held
/// back yet.
async fn fill(bus: &InProcessBus, held: &mut mpsc::UnboundedReceiver<usize>) -> usize {
    bus.publish(counted(0)).await.unwrap();
    assert_eq!(held.recv().await, Some(0));
    let start = Instant::now();
    for number in 1..=CAPACITY {
        bus.publish(counted(number)).await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    CAPACITY + 1
}

#[tokio::test(start_paused = true)]
async fn a_full_group_holds_back_its_publisher_and_no_other_group() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (_subscription, mut held) = collect_behind(&bus, "#", "stuck", &gate).await;
    let mut before = collect(&bus, "#", "a_good").await;
    let mut after = collect(&bus, "#", "z_good").await;
    let next = fill(&bus, &mut held).await;

    let publisher = tokio::spawn({
        let bus = bus.clone();
        async move { bus.publish(counted(next)).await }
    });
    let start = Instant::now();
    for number in 0..=next {
        assert_eq!(before.recv().await, Some(number));
        assert_eq!(after.recv().await, Some(number));
    }
    assert_eq!(start.elapsed(), Duration::ZERO, "a healthy group waited for the stuck one");
    assert!(!publisher.is_finished());

    tokio::time::sleep(PATIENCE / 2).await;
    gate.add_permits(1);
    publisher.await.unwrap().unwrap();
    assert_eq!(start.elapsed(), PATIENCE / 2, "the publisher goes on once there is room");
    assert!(!bus.health().await.detail.unwrap().contains("stalled"));

    open(&gate);
    assert_eq!(drain(&bus, &mut held).await, (1..=next).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_stuck_group_is_waited_for_once_then_named_and_skipped() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (_subscription, mut held) = collect_behind(&bus, "#", "stuck", &gate).await;
    let mut good = collect(&bus, "#", "good").await;
    let next = fill(&bus, &mut held).await;

    let start = Instant::now();
    bus.publish(counted(next)).await.unwrap();
    assert_eq!(start.elapsed(), PATIENCE);

    for number in next + 1..next + 100 {
        assert!(stuck(&bus.publish(counted(number)).await));
    }
    assert_eq!(start.elapsed(), PATIENCE, "somebody waited for a stalled group");
    let health = bus.health().await;
    assert_eq!(health.status, HealthStatus::Degraded);
    assert_eq!(health.detail.as_deref(), Some("group `stuck` is stalled, 1025 events wait for it"));

    let left = bus.shutdown(Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(left, BusError::DrainTimedOut { left } if left == next + 1), "{left}");
    assert_eq!(received(&mut good), (0..next + 100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_stalled_group_recovers() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (_subscription, mut held) = collect_behind(&bus, "#", "stuck", &gate).await;
    let next = fill(&bus, &mut held).await;
    bus.publish(counted(next)).await.unwrap();
    assert!(stuck(&bus.publish(counted(9_999)).await));

    // 1,025 wait: room is where fewer than 1,024 do.
    gate.add_permits(1);
    assert_eq!(held.recv().await, Some(1));
    assert!(stuck(&bus.publish(counted(9_999)).await));
    gate.add_permits(1);
    assert_eq!(held.recv().await, Some(2));
    let start = Instant::now();
    bus.publish(counted(next + 1)).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(!bus.health().await.detail.unwrap().contains("stalled"));

    open(&gate);
    bus.publish(counted(next + 2)).await.unwrap();
    assert_eq!(drain(&bus, &mut held).await, (3..=next + 2).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn dropping_a_publisher_that_is_held_back_loses_nothing() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (_subscription, mut held) = collect_behind(&bus, "#", "stuck", &gate).await;
    let mut good = collect(&bus, "#", "good").await;
    let next = fill(&bus, &mut held).await;
    for number in next..next + 10 {
        let dropped = timeout(Duration::from_millis(1), bus.publish(counted(number))).await;
        assert!(dropped.is_err(), "the publisher was not held back");
    }
    let batch = (next + 10..next + 100).map(counted).collect();
    assert!(timeout(Duration::from_millis(1), bus.publish_batch(batch)).await.is_err());
    open(&gate);
    bus.publish(counted(next + 100)).await.unwrap();
    assert_eq!(drain(&bus, &mut held).await, (1..=next + 100).collect::<Vec<_>>());
    assert_eq!(received(&mut good), (0..=next + 100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn publishers_go_on_one_by_one_in_their_order() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (_subscription, mut held) = collect_behind(&bus, "#", "stuck", &gate).await;
    let next = fill(&bus, &mut held).await;
    let (sender, mut gone_on) = mpsc::unbounded_channel();
    for number in next..next + 10 {
        let (bus, sender) = (bus.clone(), sender.clone());
        tokio::spawn(async move {
            bus.publish(counted(number)).await.unwrap();
            let _ = sender.send(number);
        });
        tokio::task::yield_now().await;
    }
    for number in next..next + 10 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(gone_on.try_recv().is_err());
        gate.add_permits(1);
        assert_eq!(gone_on.recv().await, Some(number));
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_bounded_however_many_publish() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (_subscription, mut held) = collect_behind(&bus, "#", "stuck", &gate).await;
    let next = fill(&bus, &mut held).await;
    let start = Instant::now();
    let mut publishers: JoinSet<_> = (next..next + 2 * CAPACITY)
        .map(|number| {
            let bus = bus.clone();
            async move { (bus.publish(counted(number)).await, start.elapsed()) }
        })
        .collect();
    let (mut taken, mut refused) = (0, 0);
    while let Some(published) = publishers.join_next().await {
        let (result, waited) = published.unwrap();
        if result.is_ok() {
            taken += 1;
            assert_eq!(waited, PATIENCE);
        } else {
            assert!(stuck(&result));
            refused += 1;
            assert_eq!(waited, Duration::ZERO);
        }
    }
    assert_eq!((taken, refused), (CAPACITY, CAPACITY));
}

#[tokio::test(start_paused = true)]
async fn a_stalled_group_does_not_end_a_batch_for_the_others() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (_subscription, mut held) = collect_behind(&bus, "#", "stuck", &gate).await;
    let mut good = collect(&bus, "#", "good").await;
    let start = Instant::now();
    let published = bus.publish_batch((0..3_000).map(counted).collect()).await;
    assert!(stuck(&published), "{published:?}");
    assert_eq!(start.elapsed(), PATIENCE, "a batch waits for a stuck group once");
    open(&gate);
    assert_eq!(drain(&bus, &mut good).await, (0..3_000).collect::<Vec<_>>());
    let got = received(&mut held);
    assert_eq!(got, (0..got.len()).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_publisher_goes_on_when_the_full_group_is_gone() {
    let bus = InProcessBus::new();
    let gate = closed_gate();
    let (subscription, mut held) = collect_behind(&bus, "#", "stuck", &gate).await;
    let next = fill(&bus, &mut held).await;
    let publisher = tokio::spawn({
        let bus = bus.clone();
        async move { bus.publish(counted(next)).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    drop(subscription);
    publisher.await.unwrap().unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_overfills_its_own_group_is_not_locked_in() {
    let bus = InProcessBus::new();
    let (sender, mut results) = mpsc::unbounded_channel();
    let same_bus = bus.clone();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let (same_bus, sender) = (same_bus.clone(), sender.clone());
        let more = if number_of(&event) == 0 { CAPACITY + 10 } else { 0 };
        async move {
            for number in 1..=more {
                let _ = sender.send(same_bus.publish(counted(number)).await);
            }
            Ok(())
        }
    });
    subscribe(&bus, "#", "stuck", handler).await.detach();
    let start = Instant::now();
    bus.publish(counted(0)).await.unwrap();
    for _ in 0..=CAPACITY {
        results.recv().await.unwrap().unwrap();
    }
    for _ in 0..9 {
        assert!(stuck(&results.recv().await.unwrap()));
    }
    assert_eq!(start.elapsed(), PATIENCE);
    bus.shutdown(Duration::from_secs(1)).await.unwrap();
}
