//! Events are rows of the unit of work they were staged in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use czo_core::{Event, EventCatalogue, EventError, RequestContext, SystemIds};
use czo_domain::{DomainEvents, EventOutlet};
use czo_outbox::{Outbox, OutboxOptions, Relay};
use czo_repo::DatabaseError;
use czo_testkit::{BusRecorder, CommittedEvents, TestDatabase, on_each_database};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notes::{NAME, Taken, context, taken};

/// A payload that JSON can't hold.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event("notes.item.broken", version = 1)]
struct Broken {
    by: BTreeMap<(u8, u8), u8>,
}

/// Something happened elsewhere.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event("weather.rain.fallen", version = 1)]
struct Rained {}

/// A note was taken, in a version that nobody listed.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event("notes.item.taken", version = 2)]
struct TakenV2 {}

/// What the domain publishes with, and what it has published.
async fn events(database: &TestDatabase) -> (DomainEvents, CommittedEvents) {
    (context(database).await.events(NAME), CommittedEvents::of(database))
}

async fn numbers(committed: &CommittedEvents) -> Vec<u32> {
    committed.take_of::<Taken>().await.into_iter().map(|taken| taken.number).collect()
}

on_each_database! {
    async fn staged_events_are_there_in_order_once_their_unit_is_committed(
        database: TestDatabase
    ) {
        let (events, committed) = events(&database).await;
        let ctx = RequestContext::system(&SystemIds);
        let done = database.transaction(async |tx| {
            for number in 0..5 {
                events.stage(tx, &ctx, &taken(number)).unwrap();
            }
            Ok::<_, DatabaseError>(())
        });
        done.await.unwrap();
        let there = committed.take().await;
        let numbers: Vec<_> = there.iter().map(|event| event.data["number"].as_u64()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4].map(Some));
        assert!(there.iter().all(|event| event.source == "notes"));
        assert!(there.iter().all(|event| event.correlation_id == ctx.correlation_id));
    }

    async fn what_is_rolled_back_publishes_nothing(database: TestDatabase) {
        let (events, committed) = events(&database).await;
        let ctx = RequestContext::system(&SystemIds);
        let undone = database.transaction(async |tx| {
            events.stage(tx, &ctx, &taken(1)).unwrap();
            Err::<(), _>(DatabaseError::Interrupted)
        });
        assert!(undone.await.is_err());
        assert_eq!(committed.take().await, []);
    }

    async fn a_savepoint_that_is_undone_takes_its_events_with_it(database: TestDatabase) {
        let (events, committed) = events(&database).await;
        let ctx = RequestContext::system(&SystemIds);
        let done = database.transaction(async |tx| {
            events.stage(tx, &ctx, &taken(1)).unwrap();
            let undone = tx.transaction(async |inner| {
                events.stage(inner, &ctx, &taken(2)).unwrap();
                Err::<(), _>(DatabaseError::Interrupted)
            });
            assert!(undone.await.is_err());
            tx.transaction(async |inner| {
                events.stage(inner, &ctx, &taken(3)).unwrap();
                Ok::<_, DatabaseError>(())
            })
            .await?;
            events.stage(tx, &ctx, &taken(4)).unwrap();
            Ok::<_, DatabaseError>(())
        });
        done.await.unwrap();
        assert_eq!(numbers(&committed).await, [1, 3, 4]);
    }

    async fn what_is_staged_arrives_at_the_bus_with_the_order_of_its_key(database: TestDatabase) {
        let (events, _) = events(&database).await;
        let ctx = RequestContext::system(&SystemIds);
        for number in 0..5 {
            let done = database.transaction(async |tx| {
                events.stage(tx, &ctx, &taken(number)).unwrap();
                Ok::<_, DatabaseError>(())
            });
            done.await.unwrap();
        }
        let bus = BusRecorder::default();
        let outbox = Outbox::new(&database, OutboxOptions::default());
        let relay = Relay::new(&outbox, Arc::new(bus.clone())).spawn();
        assert!(relay.drain(Duration::from_secs(60)).await);
        let arrived: Vec<_> = bus.take_of::<Taken>().iter().map(|taken| taken.number).collect();
        assert_eq!(arrived, [0, 1, 2, 3, 4]);
    }

    async fn a_write_whose_events_cannot_be_kept_is_not_committed(database: TestDatabase) {
        let (events, committed) = events(&database).await;
        let elsewhere = TestDatabase::sqlite().await;
        let ctx = RequestContext::system(&SystemIds);
        // There are no tables of an outbox.
        let refused = elsewhere.transaction(async |tx| {
            events.stage(tx, &ctx, &taken(1)).unwrap();
            Ok::<_, DatabaseError>(())
        });
        assert!(refused.await.is_err());
        assert_eq!(committed.take().await, []);
    }

    async fn a_payload_without_a_json_form_is_refused_and_the_others_go_out(
        database: TestDatabase
    ) {
        let (events, committed) = events(&database).await;
        let ctx = RequestContext::system(&SystemIds);
        let done = database.transaction(async |tx| {
            let broken = Broken { by: BTreeMap::from([((1, 2), 3)]) };
            let refused = events.stage(tx, &ctx, &broken);
            assert!(matches!(refused, Err(EventError::Encode { .. })), "{refused:?}");
            events.stage(tx, &ctx, &taken(1)).unwrap();
            Ok::<_, DatabaseError>(())
        });
        done.await.unwrap();
        assert_eq!(numbers(&committed).await, [1]);
    }

    async fn an_event_that_the_program_does_not_list_as_its_own_is_refused(
        database: TestDatabase
    ) {
        let mut catalogue = EventCatalogue::default();
        catalogue.add::<Taken>("notes").unwrap();
        catalogue.add_external::<Rained>("weather").unwrap();
        let mut context = context(&database).await;
        let outbox = Outbox::new(&database, OutboxOptions::default());
        context.outlet = EventOutlet::new(outbox).only_listed(&catalogue);
        let events = context.events(NAME);
        let ctx = RequestContext::system(&SystemIds);
        let done = database.transaction(async |tx| {
            let foreign = events.stage(tx, &ctx, &Rained {});
            assert!(matches!(foreign, Err(EventError::Unlisted { .. })), "{foreign:?}");
            let message = events.stage(tx, &ctx, &TakenV2 {}).unwrap_err().to_string();
            assert!(message.contains("`notes.item.taken` version 2"), "{message}");
            assert!(message.contains("`Domain::events`"), "{message}");
            events.stage(tx, &ctx, &taken(1)).unwrap();
            Ok::<_, DatabaseError>(())
        });
        done.await.unwrap();
        assert_eq!(CommittedEvents::of(&database).take().await.len(), 1);
    }
}
