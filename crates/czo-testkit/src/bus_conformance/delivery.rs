//! Who gets an event, and in which order.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use czo_core::{DomainEvent, EventBusExt, RequestContext, SubscribeOptions, handler_fn};

use futures_util::future::select;

use super::BusUnderTest;
use super::probe::{Counted, closed_gate, counted, number_of, of_type, open, pass, tell};

/// Every group with a matching subscription gets every event, as published.
pub async fn every_matching_group_gets_every_event_in_order(test: BusUnderTest) {
    let mut exact = test.collect("test.number.counted", "exact").await;
    let mut wild = test.collect("test.#", "wild").await;
    let mut other = test.collect("order.#", "other").await;
    for number in 0..500 {
        test.publish(counted(number)).await;
    }
    let all: Vec<_> = (0..500).collect();
    assert_eq!(exact.take(500).await, all);
    assert_eq!(wild.take(500).await, all);
    test.bus.shutdown(Duration::from_secs(30)).await.expect("nothing is left");
    assert!(exact.rest().is_empty() && wild.rest().is_empty() && other.rest().is_empty());
}

/// A batch arrives as one published event by event.
pub async fn a_batch_keeps_its_order(test: BusUnderTest) {
    let mut numbers = test.collect("#", "one").await;
    let batch = (0..3_000).map(counted).collect();
    test.bus.publish_batch(batch).await.expect("a bus at work takes a batch");
    assert_eq!(numbers.take(3_000).await, (0..3_000).collect::<Vec<_>>());
}

/// Within a group each event is handled once, by whoever is free.
pub async fn the_subscriptions_of_a_group_share_its_events(test: BusUnderTest) {
    let gate = closed_gate();
    let (_first, mut one) = test.collect_behind("shared", &gate).await;
    let (_second, mut two) = test.collect_behind("shared", &gate).await;
    test.publish(counted(0)).await;
    test.publish(counted(1)).await;
    // Nobody may finish, so the second event is the other's.
    let mut got = [one.next().await, two.next().await];
    got.sort_unstable();
    assert_eq!(got, [0, 1]);
    for number in 2..50 {
        test.publish(counted(number)).await;
    }
    open(&gate);
    let mut all = Vec::new();
    while all.len() < 48 {
        all.push(select(pin!(one.next()), pin!(two.next())).await.factor_first().0);
    }
    test.bus.shutdown(Duration::from_secs(30)).await.expect("nothing is left");
    assert!(one.rest().is_empty() && two.rest().is_empty());
    all.sort_unstable();
    assert_eq!(all, (2..50).collect::<Vec<_>>());
}

/// `*` is one word, `#` any number of them.
pub async fn patterns_select_by_the_rules_of_amqp(test: BusUnderTest) {
    const TYPES: [&str; 5] = [
        "product.item.created",
        "product.item.deleted",
        "product.image.created",
        "order.item.created",
        "order.item.paid",
    ];
    let expected: [(&str, &[usize]); 10] = [
        ("#", &[0, 1, 2, 3, 4]),
        ("product.#", &[0, 1, 2]),
        ("product.*.created", &[0, 2]),
        ("*.item.*", &[0, 1, 3, 4]),
        ("#.created", &[0, 2, 3]),
        ("*.*", &[]),
        ("*.*.*.*", &[]),
        ("#.item.#", &[0, 1, 3, 4]),
        ("order.item.paid", &[4]),
        ("order.#.item.paid.#", &[4]),
    ];
    let mut subscribed = Vec::new();
    for (place, (pattern, _)) in expected.iter().enumerate() {
        subscribed.push(test.collect(pattern, &format!("group_{place}")).await);
    }
    for (number, event_type) in TYPES.iter().enumerate() {
        test.publish(of_type(event_type, number)).await;
    }
    for ((pattern, numbers), told) in expected.iter().zip(&mut subscribed) {
        assert_eq!(told.take(numbers.len()).await, *numbers, "{pattern}");
    }
    test.bus.shutdown(Duration::from_secs(30)).await.expect("nothing is left");
    for ((pattern, _), mut told) in expected.into_iter().zip(subscribed) {
        assert_eq!(told.rest(), [0; 0], "{pattern}");
    }
}

/// What one group does not finish, another gets in time.
pub async fn a_slow_group_delays_no_other(test: BusUnderTest) {
    let gate = closed_gate();
    let (_subscription, _held) = test.collect_behind("slow", &gate).await;
    let mut quick = test.collect("#", "quick").await;
    for number in 0..200 {
        test.publish(counted(number)).await;
    }
    assert_eq!(quick.take(200).await, (0..200).collect::<Vec<_>>());
    open(&gate);
}

/// As many handlers run at once as the subscription asks for, and no more.
pub async fn concurrency_lets_that_many_handlers_run_at_once(test: BusUnderTest) {
    let (running, gate) = (Arc::new(AtomicUsize::new(0)), closed_gate());
    let (teller, mut told) = tell();
    let handler = {
        let gate = gate.clone();
        handler_fn(move |_| {
            let (running, gate) = (running.clone(), gate.clone());
            teller.say(running.fetch_add(1, Ordering::SeqCst) + 1);
            async move {
                pass(&gate).await;
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            }
        })
    };
    let options = SubscribeOptions::default().concurrency(4);
    test.subscribe("#", "wide", options, handler).await.detach();
    for number in 0..40 {
        test.publish(counted(number)).await;
    }
    assert_eq!(told.take(4).await, [1, 2, 3, 4]);
    open(&gate);
    assert!(told.take(36).await.into_iter().all(|at_once| at_once <= 4));
}

/// Correlation id, shop and actor are those of the event.
pub async fn a_handler_runs_in_the_context_of_its_event(test: BusUnderTest) {
    let (teller, mut told) = tell();
    let handler = handler_fn(move |_| {
        let teller = teller.clone();
        async move {
            teller.say(RequestContext::current());
            Ok(())
        }
    });
    test.subscribe("#", "context", SubscribeOptions::default(), handler).await.detach();
    let event = counted(1);
    test.publish(event.clone()).await;
    assert_eq!(told.next().await, Some(event.context()));
}

/// A handler may use the bus that called it.
pub async fn a_handler_may_publish_and_subscribe(test: BusUnderTest) {
    let mut inner = test.collect("test.number.repeated", "inner").await;
    let again = test.clone();
    let group = "outer".parse().expect("a group");
    let subscribed = test.bus.on(group, move |event: Counted, _| {
        let again = again.clone();
        async move {
            again.collect("#", "late").await;
            again.publish(of_type("test.number.repeated", event.number)).await;
            Ok(())
        }
    });
    subscribed.await.expect("a bus at work takes a subscription").detach();
    test.publish(counted(7)).await;
    assert_eq!(inner.next().await, 7);
}

/// Ten thousand subscriptions, each with a pattern of its own, get their events and no others.
pub async fn ten_thousand_subscriptions_get_what_is_theirs(test: BusUnderTest) {
    let (teller, mut told) = tell();
    for number in 0..test.many {
        let teller = teller.clone();
        let handler = handler_fn(move |event: Arc<DomainEvent>| {
            teller.say((number, number_of(&event)));
            async { Ok(()) }
        });
        let (pattern, group) = (format!("test.n{number}.*"), format!("many.n{number}"));
        test.subscribe(&pattern, &group, SubscribeOptions::default(), handler).await.detach();
    }
    let mut expected = Vec::new();
    for number in (0..test.many).step_by(test.many / 100) {
        test.publish(of_type(&format!("test.n{number}.happened"), number)).await;
        expected.push((number, number));
    }
    let mut got = told.take(expected.len()).await;
    got.sort_unstable();
    assert_eq!(got, expected);
    test.bus.shutdown(Duration::from_secs(30)).await.expect("nothing is left");
    assert!(told.rest().is_empty());
}
