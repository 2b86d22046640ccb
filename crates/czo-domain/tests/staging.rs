//! Events follow the commit of the unit of work they were staged in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use czo_core::{
    Event, EventBus, EventCatalogue, EventError, RequestContext, StaticRoles, SystemClock,
    SystemIds,
};
use czo_domain::{DomainContext, DomainEvents, DomainName, EventOutlet};
use czo_events::InProcessBus;
use czo_graphql::GraphqlOptions;
use czo_repo::DatabaseError;
use czo_testkit::{BusRecorder, TestDatabase, TestShops, on_each_database};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A note was taken.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event("notes.item.taken", version = 1)]
struct Taken {
    number: u32,
}

/// A payload that JSON can't hold.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event("notes.item.broken", version = 1)]
struct Broken {
    by: BTreeMap<(u8, u8), u8>,
}

fn events(database: &TestDatabase, bus: Arc<dyn EventBus>) -> DomainEvents {
    events_through(database, EventOutlet::new(bus))
}

fn events_through(database: &TestDatabase, outlet: EventOutlet) -> DomainEvents {
    let context = DomainContext {
        database: database.database(),
        outlet,
        hooks: czo_hooks::HookRegistry::new(),
        permissions: Arc::new(StaticRoles::new([])),
        shops: Arc::new(TestShops::new(&SystemIds, &[])),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        graphql: GraphqlOptions::default(),
    };
    context.events(DomainName::new("notes"))
}

/// Something happened elsewhere.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event("weather.rain.fallen", version = 1)]
struct Rained {}

/// A note was taken, in a version that nobody listed.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event("notes.item.taken", version = 2)]
struct TakenV2 {}

fn numbers(bus: &BusRecorder) -> Vec<u32> {
    bus.take_of::<Taken>().into_iter().map(|taken| taken.number).collect()
}

on_each_database! {
    async fn staged_events_are_published_in_order_after_the_commit(database: TestDatabase) {
        let bus = BusRecorder::default();
        let events = events(&database, Arc::new(bus.clone()));
        let ctx = RequestContext::system(&SystemIds);
        let done = database.transaction(async |tx| {
            for number in 0..5 {
                events.stage(tx, &ctx, &Taken { number }).unwrap();
            }
            assert_eq!(bus.take(), [], "nothing is published before the commit");
            Ok::<_, DatabaseError>(())
        });
        done.await.unwrap();
        let published = bus.take();
        let numbers: Vec<_> = published.iter().map(|event| event.data["number"].as_u64()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4].map(Some));
        assert!(published.iter().all(|event| event.source == "notes"));
        assert!(published.iter().all(|event| event.correlation_id == ctx.correlation_id));
    }

    async fn what_is_rolled_back_publishes_nothing(database: TestDatabase) {
        let bus = BusRecorder::default();
        let events = events(&database, Arc::new(bus.clone()));
        let ctx = RequestContext::system(&SystemIds);
        let undone = database.transaction(async |tx| {
            events.stage(tx, &ctx, &Taken { number: 1 }).unwrap();
            Err::<(), _>(DatabaseError::Interrupted)
        });
        assert!(undone.await.is_err());
        assert_eq!(bus.take(), []);
    }

    async fn a_savepoint_that_is_undone_takes_its_events_with_it(database: TestDatabase) {
        let bus = BusRecorder::default();
        let events = events(&database, Arc::new(bus.clone()));
        let ctx = RequestContext::system(&SystemIds);
        let done = database.transaction(async |tx| {
            events.stage(tx, &ctx, &Taken { number: 1 }).unwrap();
            let undone = tx.transaction(async |inner| {
                events.stage(inner, &ctx, &Taken { number: 2 }).unwrap();
                Err::<(), _>(DatabaseError::Interrupted)
            });
            assert!(undone.await.is_err());
            tx.transaction(async |inner| {
                events.stage(inner, &ctx, &Taken { number: 3 }).unwrap();
                Ok::<_, DatabaseError>(())
            })
            .await?;
            events.stage(tx, &ctx, &Taken { number: 4 }).unwrap();
            Ok::<_, DatabaseError>(())
        });
        done.await.unwrap();
        assert_eq!(numbers(&bus), [1, 3, 4]);
    }

    async fn a_bus_that_refuses_the_event_does_not_fail_the_write(database: TestDatabase) {
        let bus = InProcessBus::new();
        bus.shutdown(Duration::ZERO).await.unwrap();
        let events = events(&database, Arc::new(bus));
        let ctx = RequestContext::system(&SystemIds);
        let done = database.transaction(async |tx| {
            events.stage(tx, &ctx, &Taken { number: 1 }).unwrap();
            Ok::<_, DatabaseError>(7)
        });
        assert_eq!(done.await.unwrap(), 7);
    }

    async fn a_payload_without_a_json_form_is_refused_and_the_others_go_out(
        database: TestDatabase
    ) {
        let bus = BusRecorder::default();
        let events = events(&database, Arc::new(bus.clone()));
        let ctx = RequestContext::system(&SystemIds);
        let done = database.transaction(async |tx| {
            let broken = Broken { by: BTreeMap::from([((1, 2), 3)]) };
            let refused = events.stage(tx, &ctx, &broken);
            assert!(matches!(refused, Err(EventError::Encode { .. })), "{refused:?}");
            events.stage(tx, &ctx, &Taken { number: 1 }).unwrap();
            Ok::<_, DatabaseError>(())
        });
        done.await.unwrap();
        assert_eq!(numbers(&bus), [1]);
    }

    async fn an_event_that_the_program_does_not_list_as_its_own_is_refused(
        database: TestDatabase
    ) {
        let bus = BusRecorder::default();
        let mut catalogue = EventCatalogue::default();
        catalogue.add::<Taken>("notes").unwrap();
        catalogue.add_external::<Rained>("weather").unwrap();
        let outlet = EventOutlet::new(Arc::new(bus.clone())).only_listed(&catalogue);
        let events = events_through(&database, outlet);
        let ctx = RequestContext::system(&SystemIds);
        let done = database.transaction(async |tx| {
            let foreign = events.stage(tx, &ctx, &Rained {});
            assert!(matches!(foreign, Err(EventError::Unlisted { .. })), "{foreign:?}");
            let message = events.stage(tx, &ctx, &TakenV2 {}).unwrap_err().to_string();
            assert!(message.contains("`notes.item.taken` version 2"), "{message}");
            assert!(message.contains("`Domain::events`"), "{message}");
            events.stage(tx, &ctx, &Taken { number: 1 }).unwrap();
            Ok::<_, DatabaseError>(())
        });
        done.await.unwrap();
        assert_eq!(bus.take().len(), 1);
    }
}
