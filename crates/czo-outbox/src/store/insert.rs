//! Events become rows.

use czo_repo::{DatabaseError, UnitOfWork};
use sea_orm::{ConnectionTrait, Value};

use super::Store;
use crate::StagedEvent;

const COLUMNS: usize = 10;

/// How many rows one statement writes: far below the values that SQLite and PostgreSQL take.
const ROWS_AT_ONCE: usize = 500;

impl Store {
    /// Writes `events` into the transaction, in order.
    pub(crate) async fn insert(
        &self,
        tx: &UnitOfWork,
        events: &[&StagedEvent],
    ) -> Result<(), DatabaseError> {
        for events in events.chunks(ROWS_AT_ONCE) {
            let values: Vec<_> = events.iter().flat_map(|event| values(event)).collect();
            tx.execute_raw(self.same(&sql(events.len()), values)).await?;
        }
        Ok(())
    }
}

fn sql(rows: usize) -> String {
    let mut sql = String::with_capacity(220 + rows * 48);
    sql.push_str(
        "INSERT INTO outbox_event (partition, event_id, event_type, version, source, \
         correlation_id, occurred_at, ordering_key, event, target) VALUES ",
    );
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=COLUMNS {
            let number = row * COLUMNS + column;
            let comma = if column == 1 { "" } else { ", " };
            let _ = std::fmt::Write::write_fmt(&mut sql, format_args!("{comma}${number}"));
        }
        sql.push(')');
    }
    sql
}

fn values(staged: &StagedEvent) -> [Value; COLUMNS] {
    let event = &staged.event;
    let json = serde_json::to_string(event);
    let json = json.expect("texts, numbers, times and a JSON value have a JSON form");
    [
        staged.partition().0.into(),
        event.id.uuid().into(),
        event.event_type.as_str().into(),
        i32::try_from(event.version.get()).unwrap_or(i32::MAX).into(),
        event.source.replace('\0', "\u{fffd}").into(),
        event.correlation_id.as_str().into(),
        event.timestamp.into(),
        staged.key.clone().into(),
        json.into(),
        staged.group.as_ref().map(|group| group.to_string()).into(),
    ]
}
