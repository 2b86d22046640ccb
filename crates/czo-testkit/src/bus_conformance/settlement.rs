//! Events that a relay hands over, and keeps until they are settled.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{Audience, BusError, Classified, DomainEvent, HandlerError, Settlement, handler_fn};
use futures_util::FutureExt;

use super::BusUnderTest;
use super::probe::{
    closed_gate, counted, failing, first_times, key_of, keyed, number_of, of_type, open, tell,
};

/// How long a test waits for a settlement that must come.
const PATIENCE: Duration = Duration::from_secs(120);

impl BusUnderTest {
    async fn relay(&self, event: DomainEvent) -> Settlement {
        let relayed = self.bus.relay(event, &Audience::Everyone).await;
        relayed.expect("a bus at work takes an event")
    }

    async fn relay_to(&self, group: &str, event: DomainEvent) -> Result<Settlement, BusError> {
        let group = group.parse().expect("a group");
        self.bus.relay(event, &Audience::Group(group)).await
    }

    /// Only what is durable may be settled before its handlers are done.
    fn assert_open(&self, settlement: &mut Settlement) {
        // Not polled where it may be ready, since it is awaited later.
        assert!(self.is_durable || settlement.now_or_never().is_none(), "settled too early");
    }
}

async fn outcome(settlement: Settlement) -> Result<(), BusError> {
    tokio::time::timeout(PATIENCE, settlement).await.expect("the settlement is ready in time")
}

async fn settled(settlement: Settlement) {
    outcome(settlement).await.expect("the event is settled");
}

/// The slowest of them decides.
pub async fn an_event_is_settled_once_every_group_has_handled_it(test: BusUnderTest) {
    let gate = closed_gate();
    let (_subscription, mut held) = test.collect_behind("slow", &gate).await;
    let mut quick = test.collect("#", "quick").await;
    let mut settlement = test.relay(counted(1)).await;
    assert_eq!((held.next().await, quick.next().await), (1, 1));
    test.assert_open(&mut settlement);
    open(&gate);
    settled(settlement).await;
}

/// While it waits for the next one, it may still be lost.
pub async fn a_failed_event_is_settled_after_its_last_attempt(test: BusUnderTest) {
    let (handler, mut tried) = failing(first_times(&[1], 3));
    test.subscribe("#", "failing", test.options(), handler).await.detach();
    let mut settlement = test.relay(counted(1)).await;
    for _ in 0..3 {
        tried.next().await;
        test.assert_open(&mut settlement);
    }
    tried.next().await;
    settled(settlement).await;
}

/// From there it does not get lost unseen.
pub async fn a_dead_letter_is_settled(test: BusUnderTest) {
    let (handler, _tried) = failing(|number| match number {
        1 => Some(HandlerError::permanent("never")),
        _ => Some(HandlerError::retryable("not now")),
    });
    test.subscribe("#", "failing", test.options(), handler).await.detach();
    for number in 1..3 {
        settled(test.relay(counted(number)).await).await;
        assert!(test.is_durable || test.dead_letters(0).await.len() == number);
    }
    test.dead_letters(2).await;
}

/// There is nobody to wait for.
pub async fn what_no_subscription_matches_is_settled_at_once(test: BusUnderTest) {
    let mut other = test.collect("order.#", "other").await;
    let mut settlement = test.relay(counted(1)).await;
    if test.is_durable {
        settled(settlement).await;
    } else {
        let outcome = (&mut settlement).now_or_never();
        assert!(matches!(outcome, Some(Ok(()))), "{outcome:?}");
    }
    test.bus.shutdown(Duration::from_secs(30)).await.expect("nothing is left");
    assert!(other.rest().is_empty());
}

/// Neither what waits nor what is with a handler, unless it is safe elsewhere.
pub async fn what_shutdown_leaves_behind_is_not_settled(test: BusUnderTest) {
    let gate = closed_gate();
    let (_subscription, mut held) = test.collect_behind("stuck", &gate).await;
    let with_handler = test.relay(counted(1)).await;
    held.next().await;
    let waiting = test.relay(counted(2)).await;
    let ended = test.bus.shutdown(Duration::from_millis(200)).await;
    assert!(matches!(ended, Err(BusError::DrainTimedOut { .. })), "{ended:?}");
    for settlement in [with_handler, waiting] {
        match outcome(settlement).await {
            Ok(()) => assert!(test.is_durable),
            Err(error) => assert!(!test.is_durable && matches!(error, BusError::Closed)),
        }
    }
    open(&gate);
}

/// A relay may forget what it handed over.
pub async fn an_event_whose_settlement_is_dropped_is_handled(test: BusUnderTest) {
    let mut numbers = test.collect("#", "one").await;
    drop(test.relay(counted(1)).await);
    assert_eq!(numbers.next().await, 1);
}

/// No other, and it only what it subscribed to.
pub async fn a_group_alone_gets_what_is_for_it(test: BusUnderTest) {
    let mut one = test.collect("test.#", "one").await;
    let mut other = test.collect("#", "other").await;
    for event in [counted(1), of_type("order.item.paid", 2), counted(3)] {
        let relayed = test.relay_to("one", event).await;
        settled(relayed.expect("a bus at work takes an event")).await;
    }
    settled(test.relay(counted(4)).await).await;
    assert_eq!((one.take(3).await, other.take(1).await), (vec![1, 3, 4], vec![4]));
    test.bus.shutdown(Duration::from_secs(30)).await.expect("nothing is left");
    assert!(one.rest().is_empty() && other.rest().is_empty());
}

/// Trying again does not help, and nobody else gets it instead.
pub async fn a_group_that_nobody_serves_is_an_error(test: BusUnderTest) {
    let mut other = test.collect("#", "other").await;
    let error = test.relay_to("nobody", counted(1)).await.expect_err("nobody serves it");
    assert!(!error.is_retryable());
    let is_named = matches!(&error, BusError::UnknownGroup { group } if group.as_str() == "nobody");
    assert!(is_named, "{error:?}");
    test.bus.shutdown(Duration::from_secs(30)).await.expect("nothing is left");
    assert!(other.rest().is_empty());
}

/// Also between what is published and what is relayed, to everyone and to one.
pub async fn relayed_events_keep_their_order(test: BusUnderTest) {
    let mut plain = test.collect("#", "plain").await;
    let (teller, mut of_key) = tell();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let teller = teller.clone();
        async move {
            tokio::task::yield_now().await;
            teller.say((key_of(&event), number_of(&event)));
            Ok(())
        }
    });
    let options = test.options().concurrency(8).ordered_by("key");
    test.subscribe("#", "keyed", options, handler).await.detach();
    let mut settlements = Vec::new();
    for number in 0..300 {
        let event = keyed(number, "a");
        match number % 3 {
            0 => test.publish(event).await,
            1 => settlements.push(test.relay(event).await),
            _ => {
                for group in ["plain", "keyed"] {
                    let relayed = test.relay_to(group, event.clone()).await;
                    settlements.push(relayed.expect("a bus at work takes an event"));
                }
            }
        }
    }
    assert_eq!(plain.take(300).await, (0..300).collect::<Vec<_>>());
    let expected: Vec<_> = (0..300).map(|number| ("a".to_owned(), number)).collect();
    assert_eq!(of_key.take(300).await, expected);
    for settlement in settlements {
        settled(settlement).await;
    }
}
