//! A network that breaks.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use czo_core::{
    BusError, Classified, DeadLetterFilter, DeadLetters, DomainEvent, EventBus, HandlerError,
    HealthStatus, RetryPolicy, SubscribeOptions, handler_fn,
};
use czo_eventbus_amqp::{AmqpBus, AmqpDeadLetters, AmqpOptions};
use czo_testkit::TcpProxy;
use lapin::options::QueueDeleteOptions;
use lapin::{Connection, ConnectionProperties};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::support::{PATIENCE, collect, counted, number_of, options, url};

/// How long a publisher waits that does not wait long.
const SHORT: Duration = Duration::from_millis(200);

/// The RabbitMQ of the tests behind a network of the test's own.
async fn behind_a_proxy(query: &str) -> (TcpProxy, AmqpOptions) {
    let shared = url();
    let (scheme, rest) = shared.split_once("://").unwrap();
    let (login, address) = rest.rsplit_once('@').unwrap();
    let (host, vhost) = address.split_once('/').unwrap();
    let (_, port) = host.rsplit_once(':').unwrap();
    let proxy = TcpProxy::start(port.parse().unwrap()).await.unwrap();
    let url = format!("{scheme}://{login}@127.0.0.1:{}/{vhost}{query}", proxy.port());
    let mut options = options();
    options.url = url.parse().unwrap();
    (proxy, options)
}

/// Publishes an event until the broker has confirmed it.
async fn insist(bus: &AmqpBus, event: &DomainEvent) {
    let insisting = async {
        while let Err(error) = bus.publish(event.clone()).await {
            assert!(error.is_retryable(), "{error}");
        }
    };
    tokio::time::timeout(PATIENCE, insisting).await.unwrap();
}

/// The numbers up to `last`, each when it first comes.
async fn first_times(told: &mut UnboundedReceiver<Arc<DomainEvent>>, last: usize) -> Vec<usize> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        let event = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
        let number = number_of(&event);
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers
}

async fn is_up(bus: &AmqpBus, up: bool) {
    let waiting = async {
        while (bus.health().await.status == HealthStatus::Up) != up {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_confirmed_arrives_in_order_though_connections_are_cut() {
    let (proxy, options) = behind_a_proxy("").await;
    let bus = AmqpBus::new(options);
    let mut told = collect(&bus, "test.#", "one").await;
    for number in 0..400 {
        if number % 40 == 20 {
            proxy.cut().await;
        }
        insist(&bus, &counted(number)).await;
    }
    assert_eq!(first_times(&mut told, 399).await, (0..400).collect::<Vec<_>>());
    is_up(&bus, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_any_more_is_made_anew() {
    let (proxy, options) = behind_a_proxy("?heartbeat=1").await;
    let bus = AmqpBus::new(options.confirm_timeout(Duration::from_millis(500)));
    let mut told = collect(&bus, "test.#", "one").await;
    insist(&bus, &counted(0)).await;
    proxy.freeze(true);
    let error = bus.publish(counted(1)).await.unwrap_err();
    assert!(matches!(error, BusError::Unavailable { .. }), "{error}");
    is_up(&bus, false).await;
    proxy.freeze(false);
    insist(&bus, &counted(2)).await;
    let heard = first_times(&mut told, 2).await;
    // Whether the second one arrived, nobody can know.
    assert!(heard == [0, 2] || heard == [0, 1, 2], "{heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_without_a_broker_takes_subscriptions_and_serves_them_once_there_is_one() {
    let (proxy, options) = behind_a_proxy("").await;
    proxy.refuse(true).await.unwrap();
    let bus = AmqpBus::new(options.confirm_timeout(Duration::from_millis(300)));
    let mut told = collect(&bus, "test.#", "one").await;
    assert_eq!(bus.health().await.status, HealthStatus::Down);
    let error = bus.publish(counted(0)).await.unwrap_err().to_string();
    assert!(error.contains("no connection to RabbitMQ"), "{error}");
    proxy.refuse(false).await.unwrap();
    is_up(&bus, true).await;
    insist(&bus, &counted(1)).await;
    assert_eq!(first_times(&mut told, 1).await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_was_deleted_is_made_again_with_its_bindings() {
    let options = options();
    let bus = AmqpBus::new(options.clone());
    let mut told = collect(&bus, "test.#", "one").await;
    insist(&bus, &counted(0)).await;
    assert_eq!(first_times(&mut told, 0).await, [0]);
    let connection = Connection::connect(&url(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let queue = options.names.queue(&"one".parse().unwrap());
    channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    // What is published while there is no queue is for nobody.
    let heard = async {
        loop {
            insist(&bus, &counted(1)).await;
            if tokio::time::timeout(Duration::from_millis(50), told.recv()).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.unwrap();
    is_up(&bus, true).await;
}

/// It is not sent again and again because its confirmation takes longer than a publisher waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_whose_confirmation_comes_late_is_buried_once() {
    let (proxy, options) = behind_a_proxy("").await;
    let bus = AmqpBus::new(options.clone().prefetch(1).confirm_timeout(SHORT));
    let (teller, mut told) = mpsc::unbounded_channel();
    let slow = proxy.clone();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let (teller, slow) = (teller.clone(), slow.clone());
        async move {
            if number_of(&event) == 0 {
                slow.delay(2 * SHORT);
                return Err(HandlerError::permanent("never"));
            }
            let _ = teller.send(event);
            Ok(())
        }
    });
    let (pattern, group) = ("test.#".parse().unwrap(), "one".parse().unwrap());
    bus.subscribe(pattern, group, Arc::new(handler), SubscribeOptions::default())
        .await
        .unwrap()
        .detach();
    let mut direct = options;
    direct.url = url().parse().unwrap();
    let publisher = AmqpBus::new(direct.clone());
    publisher.publish_batch(vec![counted(0), counted(1)]).await.unwrap();
    let letters = AmqpDeadLetters::new(direct, ["one".parse().unwrap()]);
    let all = DeadLetterFilter::all();
    let buried = async { while letters.list(&all, 10).await.unwrap().is_empty() {} };
    tokio::time::timeout(PATIENCE, buried).await.unwrap();
    proxy.delay(Duration::ZERO);
    // It is given out once the other is done with.
    assert_eq!(first_times(&mut told, 1).await, [1]);
    assert_eq!(letters.list(&all, 10).await.unwrap().len(), 1);
}

/// An event that waits behind a failed one of its key is not handled before it by a process whose
/// connection is lost: the broker gives out both again.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_overtakes_a_failed_event_of_its_key_when_the_connection_is_lost() {
    const KEYS: usize = 2_000;
    let (proxy, options) = behind_a_proxy("").await;
    let mut direct = options.clone();
    direct.url = url().parse().unwrap();
    let bus = AmqpBus::new(options);
    let (teller, mut told) = mpsc::unbounded_channel();
    let (tried, mut again) = mpsc::unbounded_channel();
    let failed = Arc::new(Mutex::new(HashSet::new()));
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let number = number_of(&event);
        // The first of each key fails once.
        let fails = number.is_multiple_of(2) && failed.lock().unwrap().insert(number);
        if !fails {
            let _ = (teller.send(number), tried.send(()));
        }
        async move { if fails { Err(HandlerError::retryable("not yet")) } else { Ok(()) } }
    });
    let served = SubscribeOptions::default().concurrency(100).ordered_by("key");
    let served = served.retry(RetryPolicy::after([Duration::from_millis(20); 50]));
    let (pattern, group) = ("test.#".parse().unwrap(), "one".parse().unwrap());
    bus.subscribe(pattern, group, Arc::new(handler), served).await.unwrap().detach();
    let event = |number: usize| {
        let mut event = counted(number);
        event.data["key"] = (number / 2).into();
        event
    };
    AmqpBus::new(direct).publish_batch((0..2 * KEYS).map(event).collect()).await.unwrap();
    let network = proxy.clone();
    let cutting = tokio::spawn(async move {
        // In the middle of what is tried again, and of what the broker gives out.
        for _ in 0..8 {
            // A few, so that many more are about to be.
            for _ in 0..20 {
                again.recv().await;
            }
            network.cut().await;
            while again.try_recv().is_ok() {}
        }
    });
    let mut first = HashSet::new();
    while first.len() < 2 * KEYS {
        let number = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
        let comes_second = number % 2 == 1;
        assert!(!comes_second || first.contains(&(number - 1)), "{number} came too early");
        first.insert(number);
    }
    cutting.abort();
}
