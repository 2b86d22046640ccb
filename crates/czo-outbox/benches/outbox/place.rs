//! An empty schema for the measurement, which is gone afterwards.

use std::sync::Arc;

use anyhow::{Context, Result};
use czo_core::{Event, EventFactory, RequestContext, SystemClock, SystemIds};
use czo_outbox::{Outbox, OutboxOptions, StagedEvent};
use czo_repo::{Database, DatabaseError, DatabaseOptions, UnitOfWork};
use czo_testkit::TestDatabase;
use schemars::JsonSchema;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many connections the writers have, and how many write.
pub(crate) const WRITERS: usize = 16;

/// An order was placed.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("bench.order.placed", version = 1, key = "order")]
pub(crate) struct Placed {
    order: String,
    number: u64,
    currency: String,
    total: i64,
}

/// A schema with the tables of this benchmark.
pub(crate) struct Place {
    /// As it is delivered: a commit waits for the disk.
    pub(crate) database: Database,
    /// A commit does not wait for the disk.
    pub(crate) unsafely: Database,
    pub(crate) outbox: Outbox,
    events: EventFactory,
    ctx: RequestContext,
}

pub(crate) async fn on_postgres(work: impl AsyncFnOnce(Place) -> Result<()>) -> Result<()> {
    let mut outcome = None;
    let run = TestDatabase::postgres().await;
    run.run(async |database| outcome = Some(within(&database, work).await)).await;
    outcome.context("the work has ended")?
}

async fn within(test: &TestDatabase, work: impl AsyncFnOnce(Place) -> Result<()>) -> Result<()> {
    let url = std::env::var("CZO_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let schema = test.options().schema.clone().context("tests have schemas of their own")?;
    let connections = u32::try_from(WRITERS)? + 6;
    let options = DatabaseOptions::new(url.parse()?).schema(schema).max_connections(connections);
    let database = Database::connect(&options).await?;
    let migrator = czo_migrations::Migrator::new(vec![czo_migrations::outbox()]);
    migrator.up(&database).await?;
    let orders = "CREATE TABLE bench_order (id uuid PRIMARY KEY, number bigint NOT NULL, \
                  total bigint NOT NULL, currency text NOT NULL)";
    database.execute_unprepared(orders).await?;
    let place = Place {
        outbox: Outbox::new(&database, OutboxOptions::default()),
        database: database.clone(),
        unsafely: test.database(),
        events: EventFactory::new("bench", Arc::new(SystemClock), Arc::new(SystemIds)),
        ctx: RequestContext::system(&SystemIds),
    };
    let outcome = work(place).await;
    database.close().await?;
    outcome
}

impl Place {
    /// Writes one row.
    pub(crate) async fn write(
        &self,
        tx: &DatabaseTransaction,
        number: u64,
    ) -> Result<Uuid, DatabaseError> {
        let id = Uuid::now_v7();
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let insert = "INSERT INTO bench_order VALUES ($1, $2, $3, $4)";
        let values = [id.into(), number.into(), 1_999_i64.into(), "EUR".into()];
        tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, insert, values)).await?;
        Ok(id)
    }

    /// Writes one row and publishes one event.
    pub(crate) async fn place_order(
        &self,
        tx: &UnitOfWork,
        number: u64,
    ) -> Result<(), DatabaseError> {
        let order = self.write(tx, number).await?.to_string();
        let payload = Placed { order, number, currency: "EUR".to_owned(), total: 1_999 };
        let event = StagedEvent::of(&self.events, &self.ctx, &payload);
        self.outbox.publish(tx, event.expect("texts and numbers have a JSON form"));
        Ok(())
    }

    /// Empties what the measurement before has left.
    pub(crate) async fn settle(&self) -> Result<()> {
        for statement in ["TRUNCATE bench_order", "VACUUM ANALYZE outbox_event", "CHECKPOINT"] {
            self.database.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
