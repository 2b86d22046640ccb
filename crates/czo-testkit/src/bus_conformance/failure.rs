//! What becomes of an event whose handler fails.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{DeadLetterFilter, DomainEvent, EventBusExt, HandlerError, handler_fn};
use serde_json::json;

use super::BusUnderTest;
use super::probe::{Counted, counted, failing, first_times, number_of, of_type, tell};

/// How much later than planned an attempt may come, in real time.
const LATE: Duration = Duration::from_secs(5);

/// Each further attempt comes after the next delay of the schedule.
pub async fn a_failed_event_is_tried_again_by_the_schedule(test: BusUnderTest) {
    let (handler, mut tried) = failing(first_times(&[1], 3));
    test.subscribe("#", "failing", test.options(), handler).await.detach();
    test.publish(counted(1)).await;
    let attempts = tried.take(4).await;
    for (pair, delay) in attempts.windows(2).zip(test.retry.delays()) {
        let waited = pair[1].1 - pair[0].1;
        assert!(waited >= *delay && waited < *delay + LATE, "{waited:?} instead of {delay:?}");
    }
    assert!(test.dead_letters(0).await.is_empty());
    test.bus.shutdown(Duration::from_secs(30)).await.expect("nothing is left");
    assert!(tried.rest().is_empty());
}

/// The dead letter says who gave it up, why, and after how many attempts.
pub async fn after_the_last_attempt_it_is_a_dead_letter(test: BusUnderTest) {
    let (handler, mut tried) = failing(first_times(&[1], usize::MAX));
    test.subscribe("#", "failing", test.options(), handler).await.detach();
    let event = counted(1);
    test.publish(event.clone()).await;
    tried.take(4).await;
    let letters = test.dead_letters(1).await;
    assert_eq!(letters[0].event(), Some(&Arc::new(event)));
    assert_eq!(letters[0].group.as_str(), "failing");
    assert_eq!(letters[0].attempts, 4);
    assert!(letters[0].reason.contains("attempt 4 of 1"), "{}", letters[0].reason);
    let first = &letters[0].first_failure;
    assert!(first.reason.contains("attempt 1 of 1"), "{}", first.reason);
    assert!(first.at <= letters[0].at);
    assert!(tried.rest().is_empty());
}

/// What will never work is not tried again.
pub async fn a_permanent_failure_is_a_dead_letter_at_once(test: BusUnderTest) {
    let (handler, mut tried) = failing(|_| Some(HandlerError::permanent("makes no sense")));
    test.subscribe("#", "failing", test.options(), handler).await.detach();
    test.publish(counted(1)).await;
    tried.next().await;
    let letters = test.dead_letters(1).await;
    assert_eq!((letters[0].attempts, letters[0].reason.as_str()), (1, "makes no sense"));
    assert!(tried.rest().is_empty());
}

/// A panic takes down neither the process nor the subscription.
pub async fn a_panic_is_a_failure_like_any_other(test: BusUnderTest) {
    let (teller, mut told) = tell();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let number = number_of(&event);
        teller.say(number);
        assert!(number != 1, "of the test");
        async move {
            assert!(number != 2, "of the test");
            Ok(())
        }
    });
    test.subscribe("#", "panicking", test.options(), handler).await.detach();
    for number in 1..4 {
        test.publish(counted(number)).await;
    }
    let mut attempts = told.take(9).await;
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 1, 1, 1, 2, 2, 2, 2, 3]);
    for letter in test.dead_letters(2).await {
        assert!(letter.reason.contains("panicked: of the test"), "{}", letter.reason);
    }
}

/// Others are handled while it waits for its next attempt.
pub async fn a_poison_event_holds_up_no_other(test: BusUnderTest) {
    let (handler, mut tried) = failing(first_times(&[0], usize::MAX));
    test.subscribe("#", "failing", test.options(), handler).await.detach();
    let batch = (0..100).map(counted).collect();
    test.bus.publish_batch(batch).await.expect("a bus at work takes a batch");
    let first: Vec<_> = tried.take(100).await;
    let numbers: Vec<_> = first.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    let again = tried.next().await;
    assert_eq!(again.0, 0);
    assert!(first[99].1 < again.1);
}

/// A group that handled the event does not see it again because another failed.
pub async fn only_the_group_that_failed_gets_it_again(test: BusUnderTest) {
    let (handler, mut tried) = failing(first_times(&[1], 1));
    test.subscribe("#", "failing", test.options(), handler).await.detach();
    let mut good = test.collect("#", "good").await;
    test.publish(counted(1)).await;
    tried.take(2).await;
    assert_eq!(good.next().await, 1);
    test.bus.shutdown(Duration::from_secs(30)).await.expect("nothing is left");
    assert!(good.rest().is_empty());
}

/// A typed handler is never called with what it can't read.
pub async fn data_of_another_shape_is_a_dead_letter_with_the_reason(test: BusUnderTest) {
    let group = "typed".parse().expect("a group");
    let (teller, mut told) = tell();
    let subscribed = test.bus.on(group, move |event: Counted, _| {
        teller.say(event.number);
        async { Ok(()) }
    });
    subscribed.await.expect("a bus at work takes a subscription").detach();
    test.publish(DomainEvent { data: json!({ "number": "many" }), ..counted(1) }).await;
    test.publish(counted(2)).await;
    assert_eq!(told.next().await, 2);
    let letters = test.dead_letters(1).await;
    assert!(letters[0].reason.contains("test.number.counted"), "{}", letters[0].reason);
    assert_eq!(letters[0].attempts, 1);
}

/// It has all its attempts again.
pub async fn a_dead_letter_that_is_redriven_is_handled_as_if_new(test: BusUnderTest) {
    let (handler, mut tried) = failing(first_times(&[1], 5));
    test.subscribe("#", "failing", test.options(), handler).await.detach();
    test.publish(counted(1)).await;
    tried.take(4).await;
    test.dead_letters(1).await;
    let redriven = test.dead_letters.redrive(&DeadLetterFilter::all(), usize::MAX).await;
    assert_eq!(redriven.expect("dead letters"), 1);
    // The fifth attempt fails, the sixth is the second of four.
    let attempts = tried.take(2).await;
    assert!(attempts[1].1 - attempts[0].1 >= test.retry.delays()[0]);
    assert!(test.dead_letters(0).await.is_empty());
}

/// By group, type, reason and event.
pub async fn dead_letters_are_listed_and_purged_by_what_is_asked(test: BusUnderTest) {
    for group in ["one", "two"] {
        let no = move |number| Some(HandlerError::permanent(format!("{group} refuses {number}")));
        let (handler, _) = failing(no);
        test.subscribe("#", group, test.options(), handler).await.detach();
    }
    let third = of_type("other.number.counted", 3);
    for event in [counted(1), counted(2), third.clone()] {
        test.publish(event).await;
    }
    test.dead_letters(6).await;
    let all = DeadLetterFilter::all;
    let one: czo_core::Group = "one".parse().expect("a group");
    let of_one = all().group(one.clone());
    let list = async |filter: &DeadLetterFilter| {
        let letters = test.dead_letters.list(filter, 100).await.expect("dead letters");
        letters.iter().map(|letter| letter.reason.clone()).collect::<Vec<_>>()
    };
    assert_eq!(list(&of_one).await, ["one refuses 1", "one refuses 2", "one refuses 3"]);
    let others = all().pattern("other.#".parse().expect("a pattern")).group(one);
    assert_eq!(list(&others).await, ["one refuses 3"]);
    assert_eq!(list(&all().reason("two refuses 2")).await, ["two refuses 2"]);
    assert_eq!(list(&all().event(third.id)).await.len(), 2);
    assert_eq!(test.dead_letters.list(&all(), 4).await.expect("dead letters").len(), 4);
    assert_eq!(test.dead_letters.purge(&of_one).await.expect("dead letters"), 3);
    assert_eq!(test.dead_letters(3).await.len(), 3);
}

/// Oldest first, and no more than were asked for.
pub async fn dead_letters_are_redriven_in_order_and_no_more_than_asked(test: BusUnderTest) {
    let (handler, mut tried) = failing(|number| match number {
        // Those that are redriven are handled then.
        0..6 => Some(HandlerError::permanent("not yet")),
        _ => None,
    });
    let subscription = test.subscribe("#", "failing", test.options(), handler).await;
    for number in 0..6 {
        test.publish(counted(number)).await;
    }
    test.dead_letters(6).await;
    subscription.cancel();
    tried.take(6).await;
    let mut numbers = test.collect("#", "failing").await;
    let all = DeadLetterFilter::all();
    assert_eq!(test.dead_letters.redrive(&all, 4).await.expect("dead letters"), 4);
    assert_eq!(numbers.take(4).await, [0, 1, 2, 3]);
    assert_eq!(test.dead_letters(0).await.len(), 2);
    assert_eq!(test.dead_letters.redrive(&all, 4).await.expect("dead letters"), 2);
    assert_eq!(numbers.take(2).await, [4, 5]);
}
