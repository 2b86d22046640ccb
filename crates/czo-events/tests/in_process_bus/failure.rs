//! What bounds retries and dead letters, and how they end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use czo_core::{
    BusError, DeadLetterFilter, DeadLetters, DomainEvent, EventBus, EventHandler, HandlerError,
    ManualClock, handler_fn,
};
use czo_events::InProcessBus;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::support::{counted, number_of, received, skipped, subscribe};

/// A handler that always fails in a way that may pass, and tells what it tried.
fn always_failing() -> (impl EventHandler + 'static, mpsc::UnboundedReceiver<usize>) {
    let (sender, tried) = mpsc::unbounded_channel();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let _ = sender.send(number_of(&event));
        async { Err(HandlerError::retryable("not now")) }
    });
    (handler, tried)
}

#[tokio::test(start_paused = true)]
async fn shutdown_tries_at_once_what_waits_for_its_next_attempt() {
    let bus = InProcessBus::new();
    let (handler, mut tried) = always_failing();
    subscribe(&bus, "#", "failing", handler).await.detach();
    bus.publish(counted(1)).await.unwrap();
    assert_eq!(tried.recv().await, Some(1));
    let start = Instant::now();
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(received(&mut tried), [1, 1, 1]);
    assert_eq!(bus.list(&DeadLetterFilter::all(), 10).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_is_dropped_tries_the_rest_of_the_attempts_and_its_tasks_end() {
    let bus = InProcessBus::new();
    let (handler, mut tried) = always_failing();
    subscribe(&bus, "#", "failing", handler).await.detach();
    bus.publish(counted(1)).await.unwrap();
    assert_eq!(tried.recv().await, Some(1));
    drop(bus);
    for _ in 0..3 {
        assert_eq!(tried.recv().await, Some(1));
    }
    assert_eq!(tried.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn what_failed_and_nobody_is_left_for_is_dropped() {
    let bus = InProcessBus::new();
    let (handler, mut tried) = always_failing();
    let subscription = subscribe(&bus, "#", "failing", handler).await;
    bus.publish(counted(1)).await.unwrap();
    assert_eq!(tried.recv().await, Some(1));
    drop(subscription);
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    assert!(bus.list(&DeadLetterFilter::all(), 10).await.unwrap().is_empty());
    assert_eq!(tried.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn the_newest_ten_thousand_dead_letters_are_kept() {
    let bus = InProcessBus::new();
    let handler = handler_fn(|_| async { Err(HandlerError::permanent("never")) });
    subscribe(&bus, "#", "failing", handler).await.detach();
    bus.publish_batch((0..10_100).map(counted).collect()).await.unwrap();
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    let letters = bus.list(&DeadLetterFilter::all(), usize::MAX).await.unwrap();
    assert_eq!(letters.len(), 10_000);
    assert_eq!(number_of(letters[0].event().unwrap()), 100);
}

#[tokio::test(start_paused = true)]
async fn beyond_ten_thousand_that_wait_for_their_next_attempt_events_are_given_up_at_once() {
    let bus = InProcessBus::new();
    let (handler, _tried) = always_failing();
    subscribe(&bus, "#", "failing", handler).await.detach();
    let start = Instant::now();
    bus.publish_batch((0..10_010).map(counted).collect()).await.unwrap();
    while bus.list(&DeadLetterFilter::all(), 100).await.unwrap().len() < 10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    let letters = bus.list(&DeadLetterFilter::all(), 100).await.unwrap();
    assert!(letters.iter().all(|letter| letter.attempts == 1), "{letters:?}");
    assert!(letters[0].reason.starts_with("too many events wait"), "{}", letters[0].reason);
}

#[tokio::test]
async fn a_dead_letter_bears_the_time_of_the_clock() {
    let clock = Arc::new(ManualClock::at(chrono::DateTime::UNIX_EPOCH));
    let bus = InProcessBus::with_clock(clock);
    let handler = handler_fn(|_| async { Err(HandlerError::permanent("never")) });
    subscribe(&bus, "#", "failing", handler).await.detach();
    bus.publish(counted(1)).await.unwrap();
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    let letters = bus.list(&DeadLetterFilter::all(), 10).await.unwrap();
    assert_eq!(letters[0].at, chrono::DateTime::UNIX_EPOCH);
}

#[tokio::test(start_paused = true)]
async fn dead_letters_nobody_listens_for_stay_where_they_are() {
    let bus = InProcessBus::new();
    let failed = Arc::new(AtomicUsize::new(0));
    let counter = failed.clone();
    let handler = handler_fn(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        async { Err(HandlerError::permanent("never")) }
    });
    let subscription = subscribe(&bus, "#", "failing", handler).await;
    for number in 0..3 {
        bus.publish(counted(number)).await.unwrap();
        bus.publish(skipped(number)).await.unwrap();
    }
    while failed.load(Ordering::SeqCst) < 6 {
        tokio::task::yield_now().await;
    }
    drop(subscription);
    let mut skips = crate::support::collect(&bus, "test.number.skipped", "failing").await;
    assert_eq!(bus.redrive(&DeadLetterFilter::all(), usize::MAX).await.unwrap(), 3);
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    assert_eq!(received(&mut skips), [0, 1, 2]);
    let left = bus.list(&DeadLetterFilter::all(), 10).await.unwrap();
    assert_eq!(
        left.iter().map(|letter| number_of(letter.event().unwrap())).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    let closed = bus.redrive(&DeadLetterFilter::all(), usize::MAX).await;
    assert!(matches!(closed, Err(BusError::Closed)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_its_thread_holds_up_no_other_group() {
    let bus = InProcessBus::new();
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = std::sync::Mutex::new(blocked);
    let handler = handler_fn(move |_| {
        let _ = blocked.lock().unwrap().recv();
        async { Ok(()) }
    });
    subscribe(&bus, "#", "blocking", handler).await.detach();
    let mut good = crate::support::collect(&bus, "#", "good").await;
    for number in 0..100 {
        bus.publish(counted(number)).await.unwrap();
    }
    for number in 0..100 {
        assert_eq!(good.recv().await, Some(number));
    }
    drop(release);
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test]
async fn a_handler_that_keeps_its_event_for_ever_does_not_keep_the_bus_from_ending() {
    let bus = InProcessBus::new();
    let handler = handler_fn(|event: Arc<DomainEvent>| {
        std::mem::forget(event);
        async { Ok(()) }
    });
    subscribe(&bus, "#", "leaking", handler).await.detach();
    for number in 0..10 {
        bus.publish(counted(number)).await.unwrap();
    }
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn redriving_leaves_room_for_what_is_published() {
    let bus = InProcessBus::new();
    let fails = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let (failing, gate) = (fails.clone(), crate::support::closed_gate());
    let held = gate.clone();
    let handler = handler_fn(move |_| {
        let (fails, held) = (failing.load(Ordering::SeqCst), held.clone());
        async move {
            if fails {
                return Err(HandlerError::permanent("never"));
            }
            held.acquire().await.unwrap().forget();
            Ok(())
        }
    });
    subscribe(&bus, "#", "one", handler).await.detach();
    bus.publish_batch((0..3_000).map(counted).collect()).await.unwrap();
    while bus.list(&DeadLetterFilter::all(), 3_000).await.unwrap().len() < 3_000 {
        tokio::task::yield_now().await;
    }
    fails.store(false, Ordering::SeqCst);
    assert_eq!(bus.redrive(&DeadLetterFilter::all(), usize::MAX).await.unwrap(), 1_024);
    let left = bus.list(&DeadLetterFilter::all(), 1).await.unwrap();
    assert_eq!(number_of(left[0].event().unwrap()), 1_024);
    crate::support::open(&gate);
    bus.publish(counted(5_000)).await.unwrap();
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
}
