//! Groups of several processes: each bus here stands for one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use czo_core::{
    BusError, DeadLetterFilter, DeadLetters, DomainEvent, EventBus, HandlerError, RetryPolicy,
    SubscribeOptions, Subscription, handler_fn,
};
use czo_eventbus_amqp::{AmqpBus, AmqpDeadLetters, AmqpOptions, QueueKind};
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ConnectionProperties};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::support::{PATIENCE, collect, counted, number_of, options, url};

fn teller() -> (UnboundedSender<usize>, UnboundedReceiver<usize>) {
    mpsc::unbounded_channel()
}

async fn subscribe(
    bus: &AmqpBus,
    pattern: &str,
    options: SubscribeOptions,
    teller: &UnboundedSender<usize>,
) -> Result<Subscription, BusError> {
    let teller = teller.clone();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let _ = teller.send(number_of(&event));
        async { Ok(()) }
    });
    bus.subscribe(pattern.parse().unwrap(), "one".parse().unwrap(), Arc::new(handler), options)
        .await
}

async fn next(told: &mut UnboundedReceiver<usize>) -> usize {
    tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap()
}

async fn is_there(options: &AmqpOptions, group: &str) -> bool {
    let connection = Connection::connect(&url(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let passive = QueueDeclareOptions { passive: true, ..Default::default() };
    let queue = options.names.queue(&group.parse().unwrap());
    channel.queue_declare(queue.into(), passive, FieldTable::default()).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_of_a_group_share_its_events() {
    let options = options();
    let (one, other) = (AmqpBus::new(options.clone()), AmqpBus::new(options));
    let mut of_one = collect(&one, "test.#", "one").await;
    let mut of_other = collect(&other, "test.#", "one").await;
    let mut numbers = BTreeSet::new();
    let (mut by_one, mut by_other) = (0, 0);
    for number in 0..200 {
        one.publish(counted(number)).await.unwrap();
    }
    while numbers.len() < 200 {
        tokio::select! {
            event = of_one.recv() => { by_one += 1; numbers.insert(number_of(&event.unwrap())); }
            event = of_other.recv() => { by_other += 1; numbers.insert(number_of(&event.unwrap())); }
        }
    }
    assert_eq!(by_one + by_other, 200, "each is handled once");
    assert!(by_one > 0 && by_other > 0, "{by_one} and {by_other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_for_a_group_while_nobody_listens() {
    let options = options();
    let bus = AmqpBus::new(options.clone());
    let (teller, mut told) = teller();
    drop(subscribe(&bus, "test.#", SubscribeOptions::default(), &teller).await.unwrap());
    for number in 0..3 {
        bus.publish(counted(number)).await.unwrap();
    }
    bus.shutdown(PATIENCE).await.unwrap();
    let later = AmqpBus::new(options);
    subscribe(&later, "test.#", SubscribeOptions::default(), &teller).await.unwrap().detach();
    for number in 0..3 {
        assert_eq!(next(&mut told).await, number);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordered_group_is_served_by_one_process_until_that_ends() {
    let options = options();
    let ordered = || SubscribeOptions::default().concurrency(4).ordered_by("number");
    let (one, other) = (AmqpBus::new(options.clone()), AmqpBus::new(options));
    let (to_one, mut of_one) = teller();
    let (to_other, mut of_other) = teller();
    subscribe(&one, "test.#", ordered(), &to_one).await.unwrap().detach();
    subscribe(&other, "test.#", ordered(), &to_other).await.unwrap().detach();
    for number in 0..20 {
        other.publish(counted(number)).await.unwrap();
    }
    for _ in 0..20 {
        next(&mut of_one).await;
    }
    assert!(of_other.try_recv().is_err());
    one.shutdown(PATIENCE).await.unwrap();
    other.publish(counted(20)).await.unwrap();
    assert_eq!(next(&mut of_other).await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_group_leaves_no_queue_behind() {
    let options = options();
    let bus = AmqpBus::new(options.clone());
    let (teller, mut told) = teller();
    let temporary = SubscribeOptions::default().temporary();
    let subscription = subscribe(&bus, "test.#", temporary, &teller).await.unwrap();
    bus.publish(counted(1)).await.unwrap();
    assert_eq!(next(&mut told).await, 1);
    assert!(is_there(&options, "one").await);
    drop(subscription);
    let gone = async {
        while is_there(&options, "one").await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_there_in_another_form_is_a_conflict_that_says_what_to_do() {
    let options = options();
    let (one, other) = (AmqpBus::new(options.clone()), AmqpBus::new(options));
    let (teller, _told) = teller();
    subscribe(&one, "test.#", SubscribeOptions::default(), &teller).await.unwrap().detach();
    let ordered = SubscribeOptions::default().ordered_by("number");
    for bus in [&one, &other] {
        let conflict = subscribe(bus, "test.#", ordered.clone(), &teller).await.unwrap_err();
        assert!(matches!(conflict, BusError::Conflict { .. }), "{conflict:?}");
    }
    let conflict = subscribe(&other, "test.#", ordered, &teller).await.unwrap_err().to_string();
    assert!(conflict.contains("give the group another name"), "{conflict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_the_system_that_is_there_in_another_form_is_a_conflict_that_names_the_command()
{
    let names = options().names;
    let prefix = names.queue_prefix.clone();
    let connection = Connection::connect(&url(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let mut table = FieldTable::default();
    table.insert("x-expires".into(), AMQPValue::LongInt(60_000));
    let queue = format!("{prefix}search.indexing");
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(queue.into(), durable, table).await.unwrap();

    let handler = Arc::new(handler_fn(|_| async { Ok(()) }));
    // For ever, unlike those of other tests: so it is in the system.
    let bus = AmqpBus::new(AmqpOptions::new(url().parse().unwrap()).names(names));
    let (pattern, group) = ("product.item.*".parse().unwrap(), "search.indexing".parse().unwrap());
    let subscribed = bus.subscribe(pattern, group, handler, SubscribeOptions::default()).await;
    let conflict = subscribed.unwrap_err().to_string();
    let command = format!("`cargo xtask topology apply --prefix {prefix}`");
    assert!(conflict.contains(&command), "{conflict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delay_that_the_broker_would_not_wait_for_is_refused() {
    let bus = AmqpBus::new(options());
    let (teller, _told) = teller();
    let hours = RetryPolicy::after([Duration::from_secs(7_200)]);
    let ordered = SubscribeOptions::default().ordered_by("number").retry(hours);
    let refused = subscribe(&bus, "test.#", ordered, &teller).await.unwrap_err();
    assert!(refused.to_string().contains("15 minutes"), "{refused}");
}

/// A binding of an earlier version of the program brings it.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_no_process_of_its_group_wants_is_a_dead_letter_with_the_reason() {
    let options = options();
    let (teller, mut told) = teller();
    let once = || SubscribeOptions::default().retry(RetryPolicy::none());
    let before = AmqpBus::new(options.clone());
    drop(subscribe(&before, "old.#", once(), &teller).await.unwrap());
    before.shutdown(PATIENCE).await.unwrap();
    let bus = AmqpBus::new(options.clone());
    subscribe(&bus, "test.#", once(), &teller).await.unwrap().detach();
    let old = DomainEvent { event_type: "old.number.counted".parse().unwrap(), ..counted(1) };
    bus.publish(old).await.unwrap();
    bus.publish(counted(2)).await.unwrap();
    assert_eq!(next(&mut told).await, 2);
    let letters = AmqpDeadLetters::new(options, ["one".parse().unwrap()]);
    let all = DeadLetterFilter::all();
    let buried = async {
        while letters.list(&all, 1).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, buried).await.unwrap();
    let letter = letters.list(&all, 1).await.unwrap().remove(0);
    assert!(letter.reason.contains("no subscription of this group"), "{}", letter.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_had_not_begun_is_handled_by_the_next() {
    let options = options();
    let bus = AmqpBus::new(options.clone());
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let (began, mut has_begun) = teller();
    let handler = {
        let gate = gate.clone();
        handler_fn(move |event: Arc<DomainEvent>| {
            let gate = gate.clone();
            let _ = began.send(number_of(&event));
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(())
            }
        })
    };
    let (pattern, group) = ("test.#".parse().unwrap(), "one".parse().unwrap());
    let plain = SubscribeOptions::default();
    bus.subscribe(pattern, group, Arc::new(handler), plain).await.unwrap().detach();
    for number in 0..10 {
        bus.publish(counted(number)).await.unwrap();
    }
    assert_eq!(next(&mut has_begun).await, 0);
    let ending = {
        let bus = bus.clone();
        tokio::spawn(async move { bus.shutdown(PATIENCE).await })
    };
    let (teller, mut told) = teller();
    let later = AmqpBus::new(options);
    subscribe(&later, "test.#", SubscribeOptions::default(), &teller).await.unwrap().detach();
    for number in 1..10 {
        assert_eq!(next(&mut told).await, number);
    }
    gate.add_permits(1);
    ending.await.unwrap().unwrap();
    assert!(told.try_recv().is_err(), "what was begun is finished where it was begun");
}

/// However many there are, and however often somebody looks.
#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_keep_their_order_on_both_kinds_of_queues() {
    for kind in [QueueKind::Quorum, QueueKind::Classic] {
        let options = options().queue_kind(kind);
        let bus = AmqpBus::new(options.clone());
        let refuse = handler_fn(|_| async { Err(HandlerError::permanent("no")) });
        let (pattern, group) = ("test.#".parse().unwrap(), "one".parse().unwrap());
        let plain = SubscribeOptions::default();
        let subscription = bus.subscribe(pattern, group, Arc::new(refuse), plain).await.unwrap();
        bus.publish_batch((0..100).map(counted).collect()).await.unwrap();
        let letters = AmqpDeadLetters::new(options.clone(), ["one".parse().unwrap()]);
        let all = DeadLetterFilter::all().group("one".parse().unwrap());
        let listed = async || {
            let found = letters.list(&all, 1_000).await.unwrap();
            found.iter().map(|letter| number_of(letter.event().unwrap())).collect::<Vec<_>>()
        };
        let buried = async {
            while listed().await.len() < 100 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, buried).await.unwrap();
        for _ in 0..3 {
            assert_eq!(listed().await, (0..100).collect::<Vec<_>>(), "{kind:?}");
        }
        drop(subscription);
        let (teller, mut told) = teller();
        let taken = subscribe(&bus, "test.#", SubscribeOptions::default(), &teller).await;
        taken.unwrap().detach();
        assert_eq!(letters.redrive(&all, 60).await.unwrap(), 60);
        assert_eq!(letters.redrive(&all, 60).await.unwrap(), 40);
        for number in 0..100 {
            assert_eq!(next(&mut told).await, number, "{kind:?}");
        }
    }
}
