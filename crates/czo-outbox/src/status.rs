//! How the outbox is.

use std::time::Duration;

use chrono::{DateTime, Utc};
use czo_repo::DatabaseError;
use sea_orm::ConnectionTrait;
use serde::Serialize;

use crate::relay::owners;
use crate::store::{Store, Stream};
use crate::{Outbox, OutboxError};

/// How the outbox is, by its tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OutboxStatus {
    /// How many events wait or are on their way.
    pub waiting: u64,
    /// When the oldest of them happened.
    pub oldest: Option<DateTime<Utc>>,
    /// How many were put aside because they can't be published.
    pub parked: u64,
    /// How many published events the log has. A [mirror](Outbox::mirror) has none.
    pub logged: u64,
    /// How many relays are at work, or were until just now.
    pub relays: u64,
}

impl OutboxStatus {
    /// How long the oldest has waited; nothing when none waits or the clock was set back.
    #[must_use]
    pub fn oldest_age(&self, now: DateTime<Utc>) -> Duration {
        self.oldest.and_then(|oldest| (now - oldest).to_std().ok()).unwrap_or_default()
    }
}

impl Outbox {
    /// How it is.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn status(&self) -> Result<OutboxStatus, OutboxError> {
        let mut status = read(self.store()).await?;
        if self.store().stream() == Stream::Main {
            status.logged = self.store().count("event_log").await?;
        }
        Ok(status)
    }

    /// Whether nothing waits or is on its way.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn is_empty(&self) -> Result<bool, OutboxError> {
        Ok(self.store().count_some("outbox_event", 1).await? == 0)
    }
}

const OLDEST_POSTGRES: &str = "\
SELECT min(first.occurred_at) AS oldest
FROM outbox_lease l
CROSS JOIN LATERAL (
    SELECT occurred_at FROM outbox_event e WHERE e.partition = l.partition
    ORDER BY e.position LIMIT 1
) first";

const OLDEST_SQLITE: &str = "\
SELECT min(occurred_at) AS oldest
FROM (SELECT occurred_at FROM outbox_event ORDER BY position LIMIT 1)";

/// All but the size of the log, which takes long to count.
pub(crate) async fn read(store: &Store) -> Result<OutboxStatus, DatabaseError> {
    // The first by position is the oldest, or nearly; its time has no index.
    let oldest = store.statement(OLDEST_POSTGRES, OLDEST_SQLITE, []);
    let tx = store.begin().await?;
    let oldest = tx.query_one_raw(oldest).await?;
    drop(tx);
    let oldest = match oldest {
        // SQLite keeps any text, also one that is no time.
        Some(row) => row.try_get("", "oldest").unwrap_or_default(),
        None => None,
    };
    Ok(OutboxStatus {
        waiting: store.count("outbox_event").await?,
        oldest,
        parked: store.count("outbox_parked").await?,
        logged: 0,
        relays: u64::try_from(owners(store).await?.len()).unwrap_or(u64::MAX),
    })
}

impl Store {
    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &'static str) -> Result<u64, DatabaseError> {
        self.count_of(table).await
    }

    /// How many rows a table has, as far as `limit`.
    pub(crate) async fn count_some(
        &self,
        table: &'static str,
        limit: u64,
    ) -> Result<u64, DatabaseError> {
        self.count_of(&format!("(SELECT 1 FROM {table} LIMIT {limit}) AS first_rows")).await
    }

    async fn count_of(&self, rows: &str) -> Result<u64, DatabaseError> {
        let count = self.same(&format!("SELECT count(*) AS rows FROM {rows}"), []);
        let row = self.database().query_one_raw(count).await?;
        let rows: i64 = row.map_or(Ok(0), |row| row.try_get("", "rows"))?;
        Ok(u64::try_from(rows).unwrap_or_default())
    }
}
