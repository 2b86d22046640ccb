//! What units of work have published.

use czo_core::{DomainEvent, Event};
use czo_repo::Database;
use sea_orm::{ConnectionTrait, Statement};

/// The events that were committed to the outbox of a database and wait there, with no relay at
/// work, so that a test sees what a write has published as soon as it is done.
///
/// The database needs the tables of `czo_migrations::outbox()`.
#[derive(Clone, Debug)]
pub struct CommittedEvents {
    database: Database,
}

impl CommittedEvents {
    /// Those of this database.
    #[must_use]
    pub fn of(database: &Database) -> Self {
        Self { database: database.clone() }
    }

    /// Everything committed since the last call, in order, taken out of the outbox.
    ///
    /// # Panics
    ///
    /// If the outbox can't be read.
    pub async fn take(&self) -> Vec<DomainEvent> {
        let sql = "DELETE FROM outbox_event RETURNING position, event";
        let take = Statement::from_string(self.database.get_database_backend(), sql);
        let rows = self.database.query_all_raw(take).await.expect("an outbox that can be read");
        let mut events: Vec<(i64, String)> = rows
            .iter()
            .map(|row| {
                let position = row.try_get("", "position").expect("every row has a position");
                (position, row.try_get("", "event").expect("every row has an event"))
            })
            .collect();
        events.sort_unstable();
        events
            .iter()
            .map(|(_, event)| serde_json::from_str(event).expect("what was staged is an event"))
            .collect()
    }

    /// The types of everything committed since the last call, for a short assertion.
    ///
    /// # Panics
    ///
    /// As [`take`](Self::take).
    pub async fn take_types(&self) -> Vec<String> {
        self.take().await.iter().map(|event| event.event_type.to_string()).collect()
    }

    /// The payloads of every `E` committed since the last call; other events are dropped.
    ///
    /// # Panics
    ///
    /// As [`take`](Self::take), and if an event of this type has another shape.
    pub async fn take_of<E: Event>(&self) -> Vec<E> {
        self.take()
            .await
            .iter()
            .filter(|event| event.event_type == E::TYPE)
            .map(|event| event.decode().expect("an event of this type has this shape"))
            .collect()
    }
}
