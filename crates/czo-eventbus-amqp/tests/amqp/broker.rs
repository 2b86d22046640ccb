//! A RabbitMQ of the test's own: restarted, full, locked, encrypted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use czo_core::{
    BusError, DomainEvent, EventBus, HandlerError, HealthStatus, RetryPolicy, SubscribeOptions,
    handler_fn,
};
use czo_eventbus_amqp::{AmqpBus, AmqpOptions};
use czo_testkit::TestBroker;
use tokio::sync::mpsc;

use crate::support::{PATIENCE, at, collect, counted, number_of};

async fn insist(bus: &AmqpBus, event: &DomainEvent) {
    let insisting = async { while bus.publish(event.clone()).await.is_err() {} };
    tokio::time::timeout(PATIENCE, insisting).await.unwrap();
}

/// Waits until the health is like this, and says what it is.
async fn health(bus: &AmqpBus, status: HealthStatus) -> String {
    let waiting = async {
        loop {
            let health = bus.health().await;
            if health.status == status {
                return health.detail.unwrap_or_default();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap()
}

async fn bindings(broker: &TestBroker) -> Vec<String> {
    let words =
        ["list_bindings", "--no-table-headers", "source_name", "destination_name", "routing_key"];
    let listed = broker.ctl(&words).await.unwrap();
    let mut listed: Vec<_> = listed.lines().map(str::to_owned).collect();
    listed.sort_unstable();
    listed
}

/// After a clean restart and after a crash: what was confirmed arrives, and nothing is there twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_starts_again_finds_everything_as_it_was() {
    let mut broker = TestBroker::start().await.unwrap();
    let options = at(&broker.url()).confirm_timeout(Duration::from_secs(1));
    let bus = AmqpBus::new(options);
    let mut told = collect(&bus, "test.#", "one").await;
    insist(&bus, &counted(0)).await;
    let before = bindings(&broker).await;
    broker.stop().await.unwrap();
    assert!(matches!(bus.publish(counted(1)).await, Err(BusError::Unavailable { .. })));
    assert!(health(&bus, HealthStatus::Down).await.contains("no connection"));
    broker.start_again().await.unwrap();
    insist(&bus, &counted(2)).await;
    broker.kill().await.unwrap();
    broker.start_again().await.unwrap();
    insist(&bus, &counted(3)).await;
    let mut heard = Vec::new();
    while heard.last() != Some(&3) {
        let event = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
        heard.push(number_of(&event));
    }
    heard.retain(|number| *number != 1);
    heard.dedup();
    assert_eq!(heard, [0, 2, 3]);
    health(&bus, HealthStatus::Up).await;
    assert_eq!(bindings(&broker).await, before);
}

/// It still gives out what it has.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_without_memory_is_degraded_and_takes_events_again_when_it_has_some() {
    let broker = TestBroker::start().await.unwrap();
    let bus = AmqpBus::new(at(&broker.url()).confirm_timeout(Duration::from_secs(1)));
    let mut told = collect(&bus, "test.#", "one").await;
    insist(&bus, &counted(0)).await;
    broker.ctl(&["set_vm_memory_high_watermark", "0.000001"]).await.unwrap();
    // The alarm is told to those who publish.
    let blocked = async {
        loop {
            if let Err(error) = bus.publish(counted(1)).await {
                return error.to_string();
            }
        }
    };
    let error = tokio::time::timeout(PATIENCE, blocked).await.unwrap();
    assert!(error.contains("takes no messages for now"), "{error}");
    assert!(health(&bus, HealthStatus::Degraded).await.contains("takes no messages for now"));
    broker.ctl(&["set_vm_memory_high_watermark", "0.6"]).await.unwrap();
    insist(&bus, &counted(2)).await;
    health(&bus, HealthStatus::Up).await;
    loop {
        let event = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
        if number_of(&event) == 2 {
            break;
        }
    }
}

/// Without starting anew, and without a word of the password anywhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_works_once_it_is_right() {
    let broker = TestBroker::start().await.unwrap();
    broker.ctl(&["add_user", "shop", "wr0ng"]).await.unwrap();
    broker.ctl(&["add_vhost", "shops"]).await.unwrap();
    broker.ctl(&["set_permissions", "-p", "shops", "shop", ".*", ".*", ".*"]).await.unwrap();
    let url = format!("amqp://shop:r1ght@127.0.0.1:{}/shops", broker.port());
    let options = at(&url).confirm_timeout(Duration::from_secs(1));
    let bus = AmqpBus::new(options.clone());
    let mut told = collect(&bus, "test.#", "one").await;
    let detail = loop {
        let detail = health(&bus, HealthStatus::Down).await;
        if !detail.contains("connecting for the first time") {
            break detail;
        }
    };
    assert!(detail.contains("check user, password and virtual host"), "{detail}");
    for text in [detail, format!("{bus:?} {options:?}")] {
        assert!(!text.contains("r1ght"), "{text}");
    }
    broker.ctl(&["change_password", "shop", "r1ght"]).await.unwrap();
    insist(&bus, &counted(1)).await;
    let event = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
    assert_eq!(number_of(&event), 1);
    // In the virtual host of the URL, and not in the usual one.
    let queues = broker.ctl(&["list_queues", "-p", "shops", "--no-table-headers", "name"]).await;
    assert!(queues.unwrap().contains(".one"));
}

/// Nothing is lost when the queue for what is tried again is full: it waits with the process.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_event_waits_in_the_process_where_the_queue_for_it_is_full() {
    let broker = TestBroker::start().await.unwrap();
    let policy =
        ["set_policy", "small", ":retry-", "{\"max-length\": 2, \"overflow\": \"reject-publish\"}"];
    broker.ctl(&policy).await.unwrap();
    let bus = AmqpBus::new(at(&broker.url()).prefetch(100));
    let (teller, mut told) = mpsc::unbounded_channel();
    let tries = Arc::new(AtomicUsize::new(0));
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let is_first = tries.fetch_add(1, Ordering::SeqCst) < 50;
        let (teller, number) = (teller.clone(), number_of(&event));
        async move {
            if is_first {
                return Err(HandlerError::retryable("not yet"));
            }
            let _ = teller.send(number);
            Ok(())
        }
    });
    let options = SubscribeOptions::default().retry(RetryPolicy::after([Duration::from_secs(2)]));
    let (pattern, group) = ("test.#".parse().unwrap(), "one".parse().unwrap());
    bus.subscribe(pattern, group, Arc::new(handler), options).await.unwrap().detach();
    bus.publish_batch((0..50).map(counted).collect()).await.unwrap();
    let mut numbers = Vec::new();
    for _ in 0..50 {
        numbers.push(tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_certificate_of_the_broker_is_checked() {
    let broker = TestBroker::options().tls().start().await.unwrap();
    let pem = std::fs::read_to_string(broker.ca_certificate()).unwrap();
    let with = |options: AmqpOptions| AmqpBus::new(options.confirm_timeout(Duration::from_secs(5)));
    let trusting = with(at(&broker.tls_url()).ca_certificates(pem));
    let mut told = collect(&trusting, "test.#", "one").await;
    insist(&trusting, &counted(1)).await;
    let event = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
    assert_eq!(number_of(&event), 1);
    let wary = with(at(&broker.tls_url()));
    let detail = health(&wary, HealthStatus::Down).await;
    assert!(wary.publish(counted(2)).await.is_err(), "{detail}");
}
