//! With the bus in memory, an event is kept until it was handled.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{DomainEvent, EventBus, HandlerError, SubscribeOptions, TopicPattern, handler_fn};
use czo_events::InProcessBus;
use czo_outbox::Relay;
use czo_testkit::on_each_database;
use tokio::sync::{Notify, mpsc};

use crate::shop::{LONG, number, outbox, scan_once, soon, until};

const WAITING: &str = "SELECT count(*) FROM outbox_event";

on_each_database! {
    async fn an_event_stays_until_its_handler_has_run(database: TestDatabase) {
        let outbox = outbox(&database).await;
        let bus = InProcessBus::new();
        let (go_on, started) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (handler_goes_on, handler_started) = (go_on.clone(), started.clone());
        let handler = handler_fn(move |_: Arc<DomainEvent>| {
            let (go_on, started) = (handler_goes_on.clone(), handler_started.clone());
            async move {
                started.notify_one();
                go_on.notified().await;
                Ok::<_, HandlerError>(())
            }
        });
        let group = "test.slow".parse().unwrap();
        let options = SubscribeOptions::default();
        let _subscription =
            bus.subscribe(TopicPattern::all(), group, Arc::new(handler), options).await.unwrap();
        let relay = Relay::new(&outbox, Arc::new(bus)).options(soon()).spawn();
        scan_once(&database, &outbox, "p1").await;
        started.notified().await;
        assert_eq!(number(&database, WAITING).await, 1);
        go_on.notify_one();
        until(&database, WAITING, 0).await;
        assert!(relay.drain(LONG).await);
    }

    async fn what_a_process_had_not_handled_when_it_died_is_handled_by_the_next(database: TestDatabase) {
        let outbox = outbox(&database).await;
        let never = handler_fn(|_: Arc<DomainEvent>| std::future::pending::<Result<(), HandlerError>>());
        let group = "test.group";
        let dies = InProcessBus::new();
        let options = SubscribeOptions::default();
        let subscription = dies
            .subscribe(TopicPattern::all(), group.parse().unwrap(), Arc::new(never), options.clone())
            .await
            .unwrap();
        let relay = Relay::new(&outbox, Arc::new(dies.clone())).options(soon()).spawn();
        scan_once(&database, &outbox, "p1").await;
        scan_once(&database, &outbox, "p1").await;
        assert!(!relay.drain(Duration::from_millis(200)).await);
        dies.shutdown(Duration::ZERO).await.unwrap_err();
        drop((subscription, dies));

        let (handled, mut were_handled) = mpsc::unbounded_channel();
        let handler = handler_fn(move |event: Arc<DomainEvent>| {
            let handled = handled.clone();
            async move {
                let _ = handled.send(crate::shop::read(&event).1);
                Ok::<_, HandlerError>(())
            }
        });
        let bus = InProcessBus::new();
        let _subscription = bus
            .subscribe(TopicPattern::all(), group.parse().unwrap(), Arc::new(handler), options)
            .await
            .unwrap();
        let relay = Relay::new(&outbox, Arc::new(bus)).options(soon()).spawn();
        assert_eq!(were_handled.recv().await, Some(1));
        assert_eq!(were_handled.recv().await, Some(2));
        assert!(relay.drain(LONG).await);
        assert_eq!(number(&database, WAITING).await, 0);
    }

    async fn slow_handlers_fill_the_memory_up_to_the_limit_and_nothing_is_lost(database: TestDatabase) {
        let outbox = outbox(&database).await;
        let bus = InProcessBus::new();
        let (handled, mut were_handled) = mpsc::unbounded_channel();
        let handler = handler_fn(move |event: Arc<DomainEvent>| {
            let handled = handled.clone();
            async move {
                tokio::task::yield_now().await;
                let _ = handled.send(crate::shop::read(&event));
                Ok::<_, HandlerError>(())
            }
        });
        let group = "test.group".parse().unwrap();
        let options = SubscribeOptions::default();
        let _subscription =
            bus.subscribe(TopicPattern::all(), group, Arc::new(handler), options).await.unwrap();
        for round in 0..200 {
            scan_once(&database, &outbox, &format!("p{}", round % 5)).await;
        }
        let options = soon().in_flight(7).window(3);
        let relay = Relay::new(&outbox, Arc::new(bus)).options(options).spawn();
        let mut counts = std::collections::HashMap::new();
        for _ in 0..200 {
            let (parcel, scans) = were_handled.recv().await.unwrap();
            let last = counts.insert(parcel, scans).unwrap_or(0);
            assert_eq!(last + 1, scans);
        }
        assert!(relay.drain(LONG).await);
    }
}
