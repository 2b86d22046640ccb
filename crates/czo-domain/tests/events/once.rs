//! A typed handler has one effect, however often its event arrives.

use std::sync::Arc;

use czo_core::{
    DomainEvent, EventFactory, HandlerError, RequestContext, SubscribeOptions, SystemClock,
    SystemIds,
};
use czo_domain::{DomainContext, PendingSubscription, Registration};
use czo_repo::DatabaseError;
use czo_testkit::{TestDatabase, on_each_database};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use crate::notes::{Taken, context, taken};

const GROUP: &str = "notes.total";

/// Adds the numbers of notes up, and fails at the number 13 after having added it.
async fn adding(database: &TestDatabase) -> (DomainContext, PendingSubscription) {
    let context = context(database).await;
    database.execute_unprepared("CREATE TABLE total (value bigint NOT NULL)").await.unwrap();
    database.execute_unprepared("INSERT INTO total VALUES (0)").await.unwrap();
    let mut domain = Registration::default();
    let options = SubscribeOptions::default();
    domain
        .on_once(&context.inbox, GROUP, options, |note: Taken, event, tx| {
            Box::pin(async move {
                assert_eq!(event.event_type.as_str(), "notes.item.taken");
                let add = format!("UPDATE total SET value = value + {}", note.number);
                tx.execute_unprepared(&add).await.map_err(DatabaseError::from)?;
                match note.number {
                    13 => Err(HandlerError::retryable("of the test")),
                    _ => Ok(()),
                }
            })
        })
        .unwrap();
    let subscription = domain.into_parts().subscriptions.pop().unwrap();
    (context, subscription)
}

fn event(number: u32) -> Arc<DomainEvent> {
    let events = EventFactory::new("notes", Arc::new(SystemClock), Arc::new(SystemIds));
    Arc::new(events.event(&RequestContext::system(&SystemIds), &taken(number)).unwrap())
}

async fn total(database: &TestDatabase) -> i64 {
    let sql = "SELECT value FROM total";
    let total = Statement::from_string(database.get_database_backend(), sql);
    let row = database.query_one_raw(total).await.unwrap().unwrap();
    row.try_get("", "value").unwrap()
}

on_each_database! {
    async fn an_event_that_arrives_again_changes_nothing(database: TestDatabase) {
        let (_context, subscription) = adding(&database).await;
        assert_eq!(subscription.pattern.as_str(), "notes.item.taken");
        assert_eq!(subscription.group.as_str(), GROUP);
        let (first, second) = (event(3), event(4));
        for event in [&first, &second, &first, &second] {
            subscription.handler.handle(event.clone()).await.unwrap();
        }
        assert_eq!(total(&database).await, 7);
    }

    async fn a_handler_that_fails_has_written_nothing_and_may_run_again(database: TestDatabase) {
        let (_context, subscription) = adding(&database).await;
        let event = event(13);
        for _ in 0..2 {
            let error = subscription.handler.handle(event.clone()).await.unwrap_err();
            assert!(error.is_retryable(), "{error}");
        }
        assert_eq!(total(&database).await, 0);
    }

    async fn data_of_another_shape_is_a_permanent_failure(database: TestDatabase) {
        let (_context, subscription) = adding(&database).await;
        let mut event = DomainEvent::clone(&event(1));
        event.data = json!({ "number": "one" });
        let error = subscription.handler.handle(Arc::new(event)).await.unwrap_err();
        assert!(!error.is_retryable(), "{error}");
        assert_eq!(total(&database).await, 0);
    }
}

#[tokio::test]
async fn a_group_of_a_wrong_form_is_refused() {
    let database = TestDatabase::sqlite().await;
    let context = context(&database).await;
    let options = SubscribeOptions::default();
    let mut domain = Registration::default();
    let refused = domain.on_once(&context.inbox, "Not A Group", options, |_: Taken, _, _| {
        Box::pin(async { Ok(()) })
    });
    assert!(refused.is_err());
}
