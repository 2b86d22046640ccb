//! Subscriptions are checked at boot and guarded afterwards, and so is what is published.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use czo_core::{
    DomainEvent, Event, EventCatalogue, EventError, EventFactory, RequestContext, SubscribeOptions,
    SystemClock, SystemIds, handler_fn,
};
use czo_domain::{Domain, DomainContext, DomainError, DomainName, MigrationSet, Registration};
use czo_repo::DatabaseError;
use czo_runtime::{Application, Config, Czo, RuntimeError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A note was taken.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("notes.item.taken", version = 1)]
struct Taken {
    text: String,
}

/// Publishes notes.
struct Notes;

impl Domain for Notes {
    fn name(&self) -> DomainName {
        DomainName::new("notes")
    }

    fn migrations(&self) -> Option<MigrationSet> {
        None
    }

    fn events(&self, catalogue: &mut EventCatalogue) -> Result<(), czo_core::CatalogueError> {
        catalogue.add::<Taken>("notes")
    }

    fn register(&self, _: &DomainContext, _: &mut Registration) -> Result<(), DomainError> {
        Ok(())
    }
}

/// Reads what matches a pattern.
struct Reader(&'static str, Arc<Mutex<Vec<String>>>);

impl Reader {
    fn of(pattern: &'static str) -> Self {
        Self(pattern, Arc::default())
    }
}

impl Domain for Reader {
    fn name(&self) -> DomainName {
        DomainName::new("reader")
    }

    fn migrations(&self) -> Option<MigrationSet> {
        None
    }

    fn register(&self, _: &DomainContext, domain: &mut Registration) -> Result<(), DomainError> {
        let read = self.1.clone();
        let handler = handler_fn(move |event: Arc<DomainEvent>| {
            read.lock().unwrap().push(event.data["text"].to_string());
            async { Ok(()) }
        });
        domain.subscribe(self.0, "reader.notes", handler, SubscribeOptions::default())?;
        Ok(())
    }
}

async fn boot(czo: &Czo, folder: &tempfile::TempDir) -> Result<Application, RuntimeError> {
    let mut config = Config::default();
    config.data_dir = folder.path().to_owned();
    czo.boot(&config, None).await
}

#[tokio::test]
async fn a_subscription_that_no_event_matches_is_refused_at_boot_with_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let czo = Czo::builder().domain(Notes).domain(Reader::of("notes.item.token")).build().unwrap();
    let error = boot(&czo, &folder).await.unwrap_err().to_string();
    assert!(error.contains("`reader`") && error.contains("`reader.notes`"), "{error}");
    assert!(error.contains("did you mean `notes.item.taken`?"), "{error}");
}

#[tokio::test]
async fn a_producer_that_another_process_serves_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let czo = Czo::builder().domain(Notes).domain(Reader::of("notes.#")).build().unwrap();
    let alone = czo.only(&["reader".to_owned()]).unwrap();
    boot(&alone, &folder).await.unwrap();
}

#[tokio::test]
async fn producers_and_consumers_are_listed_without_a_configuration() {
    let czo = Czo::builder().domain(Notes).domain(Reader::of("nobody.says.this")).build().unwrap();
    let topology = czo.event_topology().await.unwrap();
    let groups: Vec<_> = topology.consumers.iter().map(|one| one.group.as_str()).collect();
    assert_eq!(groups, ["runtime.journal", "reader.notes"]);
    assert!(topology.consumers.iter().all(|one| one.retry_seconds == [1.0, 5.0, 30.0]));
    assert!(topology.catalogue.latest(&Taken::TYPE).is_some());
    assert!(topology.check().is_err(), "listing refuses nothing, so that it can help");
}

#[tokio::test]
async fn an_event_that_breaks_its_schema_reaches_no_handler_and_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let reader = Reader::of("notes.item.*");
    let read = reader.1.clone();
    let czo = Czo::builder().domain(Notes).domain(reader).build().unwrap();
    let application = boot(&czo, &folder).await.unwrap();
    let events = EventFactory::new("notes", Arc::new(SystemClock), Arc::new(SystemIds));
    let ctx = RequestContext::system(&SystemIds);
    for text in [json!("first"), json!(7), json!("second")] {
        let mut event = events.event(&ctx, &Taken { text: String::new() }).unwrap();
        event.data["text"] = text;
        application.bus().publish(event).await.unwrap();
    }
    // Draining the bus waits until every event is handled.
    application.bus().shutdown(Duration::from_secs(10)).await.unwrap();
    assert_eq!(*read.lock().unwrap(), [r#""first""#, r#""second""#]);
}

/// A note was lost, which no domain lists.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("notes.item.lost", version = 1)]
struct Lost {}

#[tokio::test]
async fn only_what_a_domain_lists_can_be_staged() {
    let folder = tempfile::tempdir().unwrap();
    let czo = Czo::builder().domain(Notes).build().unwrap();
    let application = boot(&czo, &folder).await.unwrap();
    let events = application.context().events(Notes.name());
    let ctx = RequestContext::system(&SystemIds);
    let done = application.context().database.transaction(async |tx| {
        let refused = events.stage(tx, &ctx, &Lost {});
        assert!(matches!(refused, Err(EventError::Unlisted { .. })), "{refused:?}");
        events.stage(tx, &ctx, &Taken { text: String::new() }).unwrap();
        Ok::<_, DatabaseError>(())
    });
    done.await.unwrap();
}

/// Counts how often it is asked what it publishes.
struct Counting(Arc<Mutex<usize>>);

impl Domain for Counting {
    fn name(&self) -> DomainName {
        DomainName::new("counting")
    }

    fn migrations(&self) -> Option<MigrationSet> {
        None
    }

    fn events(&self, _: &mut EventCatalogue) -> Result<(), czo_core::CatalogueError> {
        *self.0.lock().unwrap() += 1;
        Ok(())
    }

    fn register(&self, _: &DomainContext, _: &mut Registration) -> Result<(), DomainError> {
        Ok(())
    }
}

#[tokio::test]
async fn the_catalogue_is_made_once_at_boot() {
    let (folder, asked) = (tempfile::tempdir().unwrap(), Arc::new(Mutex::new(0)));
    let czo = Czo::builder().domain(Counting(asked.clone())).build().unwrap();
    boot(&czo, &folder).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), 1);
}
