//! Events with an ordering key.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use czo_core::{DomainEvent, EventHandler, SubscribeOptions, handler_fn};

use super::BusUnderTest;
use super::probe::{Told, counted, failing, first_times, key_of, keyed, number_of, tell};

/// Tells every event, and whether two of a key were ever handled at once.
fn exclusive() -> (impl EventHandler + Clone + 'static, Told<(String, usize)>, Arc<AtomicBool>) {
    let (teller, told) = tell();
    let busy = Arc::new(Mutex::new(HashSet::new()));
    let overlap = Arc::new(AtomicBool::new(false));
    let seen = overlap.clone();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let (busy, key) = (busy.clone(), key_of(&event));
        let is_first = lock(&busy).insert(key.clone());
        seen.fetch_or(!is_first, Ordering::SeqCst);
        teller.say((key.clone(), number_of(&event)));
        async move {
            tokio::task::yield_now().await;
            lock(&busy).remove(&key);
            Ok(())
        }
    });
    (Shared(Arc::new(handler)), told, overlap)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Shared<H>(Arc<H>);

impl<H> Clone for Shared<H> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[async_trait::async_trait]
impl<H: EventHandler> EventHandler for Shared<H> {
    async fn handle(&self, event: Arc<DomainEvent>) -> Result<(), czo_core::HandlerError> {
        self.0.handle(event).await
    }
}

fn wide() -> SubscribeOptions {
    SubscribeOptions::default().concurrency(8).ordered_by("key")
}

/// Publishes events of several keys and types, and looks at the order they come in.
async fn assert_ordered(
    test: &BusUnderTest,
    mut told: Told<(String, usize)>,
    overlap: &AtomicBool,
) {
    for number in 0..400 {
        let event = keyed(number, number % 7);
        let event_type = if number % 2 == 0 { "test.number.even" } else { "test.number.odd" };
        test.publish(DomainEvent { event_type: event_type.parse().expect("a type"), ..event })
            .await;
    }
    let mut of_key = HashMap::<String, Vec<usize>>::new();
    for (key, number) in told.take(400).await {
        of_key.entry(key).or_default().push(number);
    }
    assert_eq!(of_key.len(), 7);
    for numbers in of_key.values() {
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
    assert!(!overlap.load(Ordering::SeqCst), "two events of a key were handled at once");
    test.bus.shutdown(Duration::from_secs(30)).await.expect("nothing is left");
    assert!(told.rest().is_empty());
}

/// However many handlers may run.
pub async fn events_of_a_key_are_handled_one_after_the_other(test: BusUnderTest) {
    let (handler, told, overlap) = exclusive();
    test.subscribe("#", "ordered", wide(), handler).await.detach();
    assert_ordered(&test, told, &overlap).await;
}

/// However many subscriptions the group has.
pub async fn subscriptions_of_a_group_keep_the_order_of_a_key_together(test: BusUnderTest) {
    let (handler, told, overlap) = exclusive();
    for _ in 0..3 {
        test.subscribe("#", "ordered", wide(), handler.clone()).await.detach();
    }
    assert_ordered(&test, told, &overlap).await;
}

/// Whatever types its subscriptions want.
pub async fn subscriptions_with_different_patterns_keep_the_order_of_a_key(test: BusUnderTest) {
    let (handler, told, overlap) = exclusive();
    for pattern in ["test.number.even", "test.number.odd"] {
        test.subscribe(pattern, "ordered", wide(), handler.clone()).await.detach();
    }
    assert_ordered(&test, told, &overlap).await;
}

/// The order of a key outlives a failure; other keys do not notice.
pub async fn a_key_waits_for_its_failed_event_and_other_keys_go_on(test: BusUnderTest) {
    let (handler, mut tried) = failing(first_times(&[0], 2));
    let options = wide().retry(test.retry.clone());
    test.subscribe("#", "ordered", options, handler).await.detach();
    for (number, key) in [(0, "a"), (1, "a"), (2, "b"), (3, "a"), (4, "b")] {
        test.publish(keyed(number, key)).await;
    }
    let order: Vec<_> = tried.take(7).await.into_iter().map(|(number, _)| number).collect();
    let place = |number| order.iter().rposition(|tried| *tried == number);
    assert_eq!(order.iter().filter(|number| **number == 0).count(), 3);
    assert!(place(2) < place(0) && place(4) < place(0), "{order:?}");
    assert!(place(0) < place(1) && place(1) < place(3), "{order:?}");
}

/// One that can't be handled does not stop its key for ever.
pub async fn a_key_goes_on_once_its_event_is_given_up(test: BusUnderTest) {
    let (handler, mut tried) = failing(first_times(&[0], usize::MAX));
    let options = wide().retry(test.retry.clone());
    test.subscribe("#", "ordered", options, handler).await.detach();
    for number in 0..3 {
        test.publish(keyed(number, "a")).await;
    }
    let order: Vec<_> = tried.take(6).await.into_iter().map(|(number, _)| number).collect();
    assert_eq!(order, [0, 0, 0, 0, 1, 2]);
    assert_eq!(test.dead_letters(1).await.len(), 1);
}

/// They are not taken for events of one key.
pub async fn events_without_a_key_have_no_order_to_keep(test: BusUnderTest) {
    let (handler, mut tried) = failing(first_times(&[0], 1));
    let options = wide().retry(test.retry.clone());
    test.subscribe("#", "ordered", options, handler).await.detach();
    for number in 0..3 {
        test.publish(counted(number)).await;
    }
    let order: Vec<_> = tried.take(4).await.into_iter().map(|(number, _)| number).collect();
    assert_eq!(order[3], 0, "{order:?}");
}
