//! What these tests write and tell of.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{DomainEvent, Event, EventFactory, RequestContext, SystemClock, SystemIds};
use czo_outbox::{Outbox, OutboxOptions, RelayOptions, StagedEvent};
use czo_repo::{Database, DatabaseError, UnitOfWork};
use czo_testkit::TestDatabase;
use schemars::JsonSchema;
use sea_orm::{ConnectionTrait, Statement};
use serde::{Deserialize, Serialize};

/// As long as something may take; nothing waits for it when all is well.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A parcel was scanned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event("parcel.item.scanned", version = 1, key = "parcel")]
pub(crate) struct Scanned {
    pub(crate) parcel: String,
    pub(crate) scans: i64,
}

/// The outbox, with its tables and one of parcels.
pub(crate) async fn outbox(database: &TestDatabase) -> Outbox {
    outbox_with(database, OutboxOptions::default()).await
}

pub(crate) async fn outbox_with(database: &TestDatabase, options: OutboxOptions) -> Outbox {
    let migrator = czo_migrations::Migrator::new(vec![czo_migrations::outbox()]);
    migrator.up(database).await.unwrap();
    let parcels = "CREATE TABLE parcel (id text PRIMARY KEY, scans bigint NOT NULL)";
    database.execute_unprepared(parcels).await.unwrap();
    Outbox::new(&database.database(), options)
}

/// Options for a relay that notices everything soon.
pub(crate) fn soon() -> RelayOptions {
    RelayOptions::default()
        .lease(Duration::from_millis(500))
        .poll(Duration::from_millis(100))
        .longest_pause(Duration::from_millis(200))
}

pub(crate) fn scanned(parcel: &str, scans: i64) -> StagedEvent {
    let factory = EventFactory::new("warehouse", Arc::new(SystemClock), Arc::new(SystemIds));
    let payload = Scanned { parcel: parcel.to_owned(), scans };
    StagedEvent::of(&factory, &RequestContext::system(&SystemIds), &payload).unwrap()
}

/// Counts one more scan of a parcel, and publishes how many there are.
pub(crate) async fn scan(
    tx: &UnitOfWork,
    outbox: &Outbox,
    parcel: &str,
) -> Result<(), DatabaseError> {
    let upsert = "INSERT INTO parcel (id, scans) VALUES ($1, 1) \
                  ON CONFLICT (id) DO UPDATE SET scans = parcel.scans + 1 RETURNING scans";
    let upsert = Statement::from_sql_and_values(tx.get_database_backend(), upsert, [parcel.into()]);
    let row = tx.query_one_raw(upsert).await?.unwrap();
    outbox.publish(tx, scanned(parcel, row.try_get("", "scans")?));
    Ok(())
}

/// Scans a parcel in a transaction of its own.
pub(crate) async fn scan_once(database: &Database, outbox: &Outbox, parcel: &str) {
    let done: Result<(), DatabaseError> =
        database.transaction(async |tx| scan(tx, outbox, parcel).await).await;
    done.unwrap();
}

pub(crate) fn read(event: &DomainEvent) -> (String, i64) {
    let Scanned { parcel, scans } = event.decode().unwrap();
    (parcel, scans)
}

/// The one number that a statement asks for.
pub(crate) async fn number(database: &Database, sql: &str) -> i64 {
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let row = database.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// Waits until a number is what it should be.
pub(crate) async fn until(database: &Database, sql: &str, expected: i64) {
    let wait = async {
        while number(database, sql).await != expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(LONG, wait).await.is_err() {
        panic!("`{sql}` is {}, not {expected}", number(database, sql).await);
    }
}
