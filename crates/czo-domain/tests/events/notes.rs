//! The domain of these tests.

use std::sync::Arc;

use czo_cache::Cache;
use czo_core::{Event, NoApps, StaticRoles, SystemClock, SystemIds};
use czo_domain::{DomainContext, DomainJobs, DomainName, EventOutlet};
use czo_fetch::Fetcher;
use czo_graphql::GraphqlOptions;
use czo_hooks::HookRegistry;
use czo_jobs::SqlJobs;
use czo_migrations::Migrator;
use czo_outbox::{Inbox, Outbox, OutboxOptions};
use czo_testkit::{TestDatabase, TestShops};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) const NAME: DomainName = DomainName::new("notes");

/// A note was taken. All of them keep one order.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event("notes.item.taken", version = 1, key = "pad")]
pub(crate) struct Taken {
    pub(crate) pad: String,
    pub(crate) number: u32,
}

pub(crate) fn taken(number: u32) -> Taken {
    Taken { pad: "the only one".to_owned(), number }
}

/// What the domain is handed, on a database with the tables of an outbox and of jobs.
pub(crate) async fn context(database: &TestDatabase) -> DomainContext {
    Migrator::new(vec![czo_migrations::outbox(), czo_migrations::jobs()])
        .up(database)
        .await
        .unwrap();
    DomainContext {
        database: database.database(),
        outlet: EventOutlet::new(Outbox::new(database, OutboxOptions::default())),
        inbox: Inbox::new(database),
        jobs: DomainJobs::new(SqlJobs::new(database.database())),
        cache: Cache::off(),
        fetcher: Fetcher::default(),
        apps: Arc::new(NoApps),
        hooks: HookRegistry::new(),
        permissions: Arc::new(StaticRoles::new([])),
        shops: Arc::new(TestShops::new(&SystemIds, &[])),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        graphql: GraphqlOptions::default(),
    }
}
