//! What could not be published.

use chrono::{DateTime, Utc};
use czo_core::{EventId, EventType};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use serde::Serialize;
use uuid::Uuid;

use crate::{Outbox, OutboxError};

/// An event that could not be published, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ParkedEvent {
    /// The event.
    pub event_id: EventId,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The key whose order it was to keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The one group it was for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it was put aside.
    pub parked_at: DateTime<Utc>,
    /// How often it was tried.
    pub attempts: i32,
    /// What the bus said.
    pub error: String,
    /// The envelope, as it lies in the table: it may be no event at all.
    pub event: String,
}

/// Which parked events are meant: those that everything set here is true of.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ParkedFilter {
    /// Only this event.
    pub event: Option<EventId>,
    /// Only those of this type.
    pub event_type: Option<EventType>,
    /// Only those whose error contains this text.
    pub error: Option<String>,
}

impl ParkedFilter {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only this event.
    #[must_use]
    pub fn event(mut self, event: EventId) -> Self {
        self.event = Some(event);
        self
    }

    /// Only those of this type.
    #[must_use]
    pub fn event_type(mut self, event_type: EventType) -> Self {
        self.event_type = Some(event_type);
        self
    }

    /// Only those whose error contains this text.
    #[must_use]
    pub fn error(mut self, text: impl Into<String>) -> Self {
        self.error = Some(text.into());
        self
    }

    fn condition(&self) -> (String, Vec<Value>) {
        let (mut sql, mut values) = (String::from("true"), Vec::new());
        let mut and = |condition: &str, value: Value| {
            values.push(value);
            sql.push_str(&format!(
                " AND {}",
                condition.replace('?', &format!("${}", values.len()))
            ));
        };
        if let Some(event) = self.event {
            and("event_id = ?", event.uuid().into());
        }
        if let Some(event_type) = &self.event_type {
            and("event_type = ?", event_type.as_str().into());
        }
        if let Some(text) = &self.error {
            // Without wildcards: the text is what somebody saw.
            let text = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            and("error LIKE ? ESCAPE '\\'", format!("%{text}%").into());
        }
        (sql, values)
    }
}

/// What could not be published, to be looked at, published after all or thrown away.
///
/// Made by [`Outbox::parked`].
#[derive(Clone, Debug)]
pub struct Parked<'o> {
    outbox: &'o Outbox,
}

impl Outbox {
    /// What could not be published.
    #[must_use]
    pub fn parked(&self) -> Parked<'_> {
        Parked { outbox: self }
    }
}

const BACK: &str = "\
INSERT INTO outbox_event (partition, event_id, event_type, version, source, correlation_id,
    occurred_at, ordering_key, event, target)
SELECT partition, event_id, event_type, version, source, correlation_id, occurred_at, ordering_key,
    event, target FROM outbox_parked WHERE ";

impl Parked<'_> {
    /// Those that are meant, oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn list(
        &self,
        filter: &ParkedFilter,
        limit: u32,
    ) -> Result<Vec<ParkedEvent>, OutboxError> {
        let (condition, values) = filter.condition();
        let sql = format!(
            "SELECT event_id, event_type, ordering_key, target, occurred_at, parked_at, attempts, \
             error, event FROM outbox_parked WHERE {condition} ORDER BY position LIMIT {limit}"
        );
        let rows = self.database().query_all_raw(self.statement(&sql, values)).await?;
        Ok(rows.iter().map(parked).collect::<Result<_, _>>()?)
    }

    /// How many are meant.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn count(&self, filter: &ParkedFilter) -> Result<u64, OutboxError> {
        let (condition, values) = filter.condition();
        let sql = format!("SELECT count(*) AS rows FROM outbox_parked WHERE {condition}");
        let row = self.database().query_one_raw(self.statement(&sql, values)).await?;
        let rows: i64 = row.map_or(Ok(0), |row| row.try_get("", "rows"))?;
        Ok(u64::try_from(rows).unwrap_or_default())
    }

    /// Has those that are meant published, behind all that waits by now, and says how many.
    ///
    /// # Errors
    ///
    /// When the database does not answer; none is moved then.
    pub async fn retry(&self, filter: &ParkedFilter) -> Result<u64, OutboxError> {
        let (condition, values) = filter.condition();
        let back = self.statement(&format!("{BACK}{condition} ORDER BY position"), values.clone());
        let delete =
            self.statement(&format!("DELETE FROM outbox_parked WHERE {condition}"), values);
        let moved = self
            .database()
            .transaction(async |tx| {
                // Both see the same rows: nothing is parked in between.
                let store = self.outbox.store();
                if !store.is_sqlite() {
                    let lock = store.sql("LOCK TABLE outbox_parked IN EXCLUSIVE MODE");
                    tx.execute_unprepared(&lock).await?;
                }
                tx.execute_raw(back).await?;
                let moved = tx.execute_raw(delete).await?.rows_affected();
                Ok::<_, OutboxError>(moved)
            })
            .await?;
        self.outbox.wake();
        Ok(moved)
    }

    /// Throws away those that are meant, for ever, and says how many.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn purge(&self, filter: &ParkedFilter) -> Result<u64, OutboxError> {
        let (condition, values) = filter.condition();
        let delete = format!("DELETE FROM outbox_parked WHERE {condition}");
        let deleted = self.database().execute_raw(self.statement(&delete, values)).await?;
        Ok(deleted.rows_affected())
    }

    fn database(&self) -> &czo_repo::Database {
        self.outbox.database()
    }

    fn statement(&self, sql: &str, values: Vec<Value>) -> Statement {
        self.outbox.store().same(sql, values)
    }
}

fn parked(row: &QueryResult) -> Result<ParkedEvent, sea_orm::DbErr> {
    let event_id: Uuid = row.try_get("", "event_id")?;
    let parked_at = row.try_get("", "parked_at")?;
    Ok(ParkedEvent {
        event_id: EventId::from(event_id),
        event_type: row.try_get("", "event_type")?,
        key: row.try_get("", "ordering_key")?,
        group: row.try_get("", "target")?,
        // SQLite keeps any text; one that is no time is no reason to show nothing.
        occurred_at: row.try_get("", "occurred_at").unwrap_or(parked_at),
        parked_at,
        attempts: row.try_get("", "attempts")?,
        error: row.try_get("", "error")?,
        event: row.try_get("", "event")?,
    })
}
