//! An event that arrives several times has one effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use czo_core::{EventBus, EventHandler, HandlerError, RetryPolicy, SubscribeOptions, TopicPattern};
use czo_events::InProcessBus;
use czo_outbox::{Inbox, OnceHandler, once_fn};
use czo_repo::DatabaseError;
use czo_testkit::{TestDatabase, on_each_database};
use sea_orm::ConnectionTrait;
use tokio::task::JoinSet;

use crate::shop::{number, outbox, scanned};

const COUNT: &str = "SELECT coalesce(sum(scans), 0)::bigint FROM parcel";

fn count() -> impl OnceHandler {
    once_fn(|_, tx| {
        Box::pin(async move {
            let count = "INSERT INTO parcel VALUES ('p1', 1) \
                         ON CONFLICT (id) DO UPDATE SET scans = parcel.scans + 1";
            tx.execute_unprepared(count).await.map_err(DatabaseError::from)?;
            Ok(())
        })
    })
}

async fn counted(database: &TestDatabase) -> i64 {
    let sql = if database.is_sqlite() { COUNT.replace("::bigint", "") } else { COUNT.to_owned() };
    number(database, &sql).await
}

on_each_database! {
    async fn of_duplicates_one_has_an_effect(database: TestDatabase) {
        outbox(&database).await;
        let inbox = Inbox::new(&database);
        let handler = Arc::new(inbox.handler("test.group".parse().unwrap(), count()));
        let event = Arc::new(scanned("p1", 1).event().clone());
        for _ in 0..3 {
            handler.handle(event.clone()).await.unwrap();
        }
        assert_eq!(counted(&database).await, 1);
        handler.handle(Arc::new(scanned("p1", 2).event().clone())).await.unwrap();
        assert_eq!(counted(&database).await, 2);
    }

    async fn of_duplicates_that_arrive_at_once_one_has_an_effect(database: TestDatabase) {
        outbox(&database).await;
        let inbox = Inbox::new(&database);
        let event = Arc::new(scanned("p1", 1).event().clone());
        let mut handlers = JoinSet::new();
        for _ in 0..8 {
            let handler = inbox.handler("test.group".parse().unwrap(), count());
            let event = event.clone();
            handlers.spawn(async move { handler.handle(event).await.unwrap() });
        }
        handlers.join_all().await;
        assert_eq!(counted(&database).await, 1);
    }

    async fn each_group_handles_an_event_for_itself(database: TestDatabase) {
        outbox(&database).await;
        let inbox = Inbox::new(&database);
        let event = Arc::new(scanned("p1", 1).event().clone());
        for group in ["test.one", "test.two", "test.one"] {
            let handler = inbox.handler(group.parse().unwrap(), count());
            handler.handle(event.clone()).await.unwrap();
        }
        assert_eq!(counted(&database).await, 2);
    }

    async fn a_handler_that_fails_leaves_nothing_and_is_tried_again(database: TestDatabase) {
        outbox(&database).await;
        let (inbox, bus) = (Inbox::new(&database), InProcessBus::new());
        let attempts = Arc::new(AtomicU32::new(0));
        let tried = attempts.clone();
        let fails_twice = once_fn(move |_, tx| {
            let attempt = tried.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                let count = format!("INSERT INTO parcel VALUES ('attempt {attempt}', 1)");
                tx.execute_unprepared(&count).await.map_err(DatabaseError::from)?;
                if attempt < 2 { Err(HandlerError::retryable("of the test")) } else { Ok(()) }
            })
        });
        let options = SubscribeOptions::default()
            .retry(RetryPolicy::after([Duration::from_millis(1); 5]));
        let group = "test.group".parse().unwrap();
        let _subscription = inbox
            .subscribe_idempotent(&bus, TopicPattern::all(), group, options, fails_twice)
            .await
            .unwrap();
        let event = scanned("p1", 1).event().clone();
        bus.publish(event.clone()).await.unwrap();
        bus.publish(event).await.unwrap();
        bus.shutdown(crate::shop::LONG).await.unwrap();
        assert_eq!(attempts.load(Ordering::SeqCst), 3);
        assert_eq!(counted(&database).await, 1);
        assert_eq!(number(&database, "SELECT count(*) FROM inbox_event").await, 1);
    }
}
