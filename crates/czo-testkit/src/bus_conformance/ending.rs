//! What comes to an end, and what is still handled.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use czo_core::{
    Audience, BusError, DomainEvent, HealthStatus, SubscribeOptions, Subscription, TopicPattern,
    handler_fn,
};

use super::BusUnderTest;
use super::probe::{closed_gate, counted, number_of, open, tell};

/// All that was published is handled, or begun and handled where a broker keeps the rest; nothing
/// comes after.
pub async fn shutdown_waits_for_what_was_taken(test: BusUnderTest) {
    let (teller, mut told) = tell();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let teller = teller.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            teller.say(number_of(&event));
            Ok(())
        }
    });
    test.subscribe("#", "slow", SubscribeOptions::default(), handler).await.detach();
    for number in 0..100 {
        test.publish(counted(number)).await;
    }
    let first = told.next().await;
    test.bus.shutdown(Duration::from_secs(30)).await.expect("nothing is left");
    let mut handled = vec![first];
    handled.extend(told.rest());
    let taken = if test.is_durable { handled.len() } else { 100 };
    assert_eq!(handled, (0..taken).collect::<Vec<_>>());
}

/// The deadline is kept, and what is not handled is counted.
pub async fn shutdown_says_how_much_it_left_behind(test: BusUnderTest) {
    let gate = closed_gate();
    let (_subscription, mut held) = test.collect_behind("stuck", &gate).await;
    for number in 0..10 {
        test.publish(counted(number)).await;
    }
    held.next().await;
    let ended = test.bus.shutdown(Duration::from_millis(200)).await;
    assert!(matches!(ended, Err(BusError::DrainTimedOut { left }) if left > 0), "{ended:?}");
    open(&gate);
}

/// Neither events nor subscriptions.
pub async fn a_bus_that_is_shut_down_takes_nothing(test: BusUnderTest) {
    test.bus.shutdown(Duration::from_secs(30)).await.expect("nothing is left");
    assert!(matches!(test.bus.publish(counted(1)).await, Err(BusError::Closed)));
    assert!(matches!(test.bus.publish_batch(vec![counted(1)]).await, Err(BusError::Closed)));
    for audience in [Audience::Everyone, Audience::Group("one".parse().expect("a group"))] {
        let relayed = test.bus.relay(counted(1), &audience).await;
        assert!(matches!(relayed, Err(BusError::Closed)), "{relayed:?}");
    }
    let handler = Arc::new(handler_fn(|_| async { Ok(()) }));
    let group = "late".parse().expect("a group");
    let late =
        test.bus.subscribe(TopicPattern::all(), group, handler, SubscribeOptions::default()).await;
    assert!(matches!(late, Err(BusError::Closed)), "{late:?}");
    assert_eq!(test.bus.health().await.status, HealthStatus::Down);
}

/// It ends as if nothing had happened, and no other event is handled.
pub async fn unsubscribing_lets_the_running_handler_finish(test: BusUnderTest) {
    let (gate, (teller, mut told)) = (closed_gate(), tell());
    let handler = {
        let gate = gate.clone();
        handler_fn(move |event: Arc<DomainEvent>| {
            let (gate, teller) = (gate.clone(), teller.clone());
            teller.say(("began", number_of(&event)));
            async move {
                super::probe::pass(&gate).await;
                teller.say(("ended", number_of(&event)));
                Ok(())
            }
        })
    };
    let options = SubscribeOptions::default();
    let subscription = test.subscribe("#", "leaving", options, handler).await;
    test.publish(counted(1)).await;
    test.publish(counted(2)).await;
    assert_eq!(told.next().await, ("began", 1));
    subscription.cancel();
    open(&gate);
    assert_eq!(told.next().await, ("ended", 1));
    test.publish(counted(3)).await;
    let mut other = test.collect("#", "other").await;
    test.publish(counted(4)).await;
    assert_eq!(other.next().await, 4);
    assert!(told.rest().is_empty());
}

/// From inside the handler, without waiting for itself.
pub async fn a_handler_may_end_its_own_subscription(test: BusUnderTest) {
    let (teller, mut told) = tell();
    let own = Arc::new(Mutex::new(None::<Subscription>));
    let handler = {
        let own = own.clone();
        handler_fn(move |event: Arc<DomainEvent>| {
            let (own, teller) = (own.clone(), teller.clone());
            async move {
                let subscription = own.lock().expect("no panic holds it").take();
                drop(subscription);
                teller.say(number_of(&event));
                Ok(())
            }
        })
    };
    let subscription = test.subscribe("#", "once", SubscribeOptions::default(), handler).await;
    *own.lock().expect("no panic holds it") = Some(subscription);
    let mut other = test.collect("#", "other").await;
    for number in 0..10 {
        test.publish(counted(number)).await;
    }
    assert_eq!(other.take(10).await, (0..10).collect::<Vec<_>>());
    assert_eq!(told.next().await, 0);
    assert!(told.rest().is_empty());
}

/// What the one who leaves did not begin.
pub async fn who_is_left_in_the_group_gets_what_waits(test: BusUnderTest) {
    let gate = closed_gate();
    let (leaver, mut held) = test.collect_behind("shared", &gate).await;
    for number in 0..10 {
        test.publish(counted(number)).await;
    }
    let began = held.next().await;
    let mut successor = test.collect("test.#", "shared").await;
    leaver.cancel();
    open(&gate);
    let mut got = successor.take(9).await;
    got.push(began);
    got.sort_unstable();
    assert_eq!(got, (0..10).collect::<Vec<_>>());
}

/// Before anything is published, and after.
pub async fn a_bus_at_work_is_healthy(test: BusUnderTest) {
    let mut numbers = test.collect("#", "one").await;
    test.publish(counted(1)).await;
    assert_eq!(numbers.next().await, 1);
    assert_eq!(test.bus.health().await.status, HealthStatus::Up);
}
