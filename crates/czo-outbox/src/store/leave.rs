//! What has arrived leaves, and so does what never will.

use czo_repo::DatabaseError;
use sea_orm::{ConnectionTrait, Value};

use super::{Store, numbers};
use crate::partition::Partition;

/// Deletes what has arrived, and keeps it in the log. A position that the log has, after a backup
/// was put back perhaps, holds nothing up.
const LEAVE_POSTGRES: &str = "\
WITH gone AS (
    DELETE FROM outbox_event o
    USING unnest($1::text::smallint[], $2::text::bigint[]) AS d(partition, position)
    WHERE o.partition = d.partition AND o.position = d.position
    RETURNING o.*
)
INSERT INTO event_log (position, partition, event_id, event_type, version, source, correlation_id,
    occurred_at, ordering_key, event, published_at)
SELECT position, partition, event_id, event_type, version, source, correlation_id, occurred_at,
    ordering_key, event, $3 FROM gone WHERE target IS NULL
ON CONFLICT (position) DO NOTHING";

const FORGET_POSTGRES: &str = "\
DELETE FROM outbox_event o
USING unnest($1::text::smallint[], $2::text::bigint[]) AS d(partition, position)
WHERE o.partition = d.partition AND o.position = d.position";

const LOG_SQLITE: &str = "\
INSERT INTO event_log (position, partition, event_id, event_type, version, source, correlation_id,
    occurred_at, ordering_key, event, published_at)
SELECT position, partition, event_id, event_type, version, source, correlation_id, occurred_at,
    ordering_key, event, $2 FROM outbox_event
WHERE position IN (SELECT value FROM json_each($1)) AND target IS NULL
ON CONFLICT (position) DO NOTHING";

const FORGET_SQLITE: &str =
    "DELETE FROM outbox_event WHERE position IN (SELECT value FROM json_each($1))";

/// Two relays that both hold it for theirs park it once: the second waits, and finds nothing.
const PARK_POSTGRES: &str = "\
INSERT INTO outbox_parked (partition, event_id, event_type, version, source, correlation_id,
    occurred_at, ordering_key, event, target, attempts, error, parked_at)
SELECT partition, event_id, event_type, version, source, correlation_id, occurred_at, ordering_key,
    event, target, $3, $4, $5 FROM outbox_event WHERE partition = $1 AND position = $2 FOR UPDATE";

const PARK_SQLITE: &str = "\
INSERT INTO outbox_parked (partition, event_id, event_type, version, source, correlation_id,
    occurred_at, ordering_key, event, target, attempts, error, parked_at)
SELECT partition, event_id, event_type, version, source, correlation_id, occurred_at, ordering_key,
    event, target, $3, $4, $5 FROM outbox_event WHERE partition = $1 AND position = $2";

impl Store {
    /// Takes away what has arrived; with `log`, keeps it in the log.
    pub(crate) async fn leave(
        &self,
        arrived: &[(Partition, i64)],
        log: bool,
    ) -> Result<(), DatabaseError> {
        let sqlite = self.is_sqlite();
        let positions = numbers(arrived.iter().map(|(_, position)| position), sqlite);
        if !sqlite {
            let partitions = numbers(arrived.iter().map(|(partition, _)| partition.0), false);
            let mut values = vec![partitions, positions];
            let sql = if log {
                values.push(self.now());
                LEAVE_POSTGRES
            } else {
                FORGET_POSTGRES
            };
            let tx = self.begin().await?;
            tx.execute_raw(self.same(sql, values)).await?;
            return tx.commit().await;
        }
        let (log_them, forget) = (
            self.same(LOG_SQLITE, [positions.clone(), self.now()]),
            self.same(FORGET_SQLITE, [positions]),
        );
        self.database()
            .transaction(async |tx| {
                if log {
                    tx.execute_raw(log_them).await?;
                }
                tx.execute_raw(forget).await?;
                Ok(())
            })
            .await
    }

    /// Puts aside what can't be published, with the reason.
    pub(crate) async fn park(
        &self,
        (partition, position): (Partition, i64),
        attempts: u32,
        error: &str,
    ) -> Result<(), DatabaseError> {
        let attempts = i32::try_from(attempts).unwrap_or(i32::MAX);
        // NUL is the one letter that PostgreSQL's text does not take.
        let error = error.replace('\0', "\u{fffd}");
        let place: [Value; 2] = [partition.0.into(), position.into()];
        let [partition, position] = place.clone();
        let values = [partition, position, attempts.into(), error.into(), self.now()];
        let park = self.statement(PARK_POSTGRES, PARK_SQLITE, values);
        let delete = "DELETE FROM outbox_event WHERE partition = $1 AND position = $2";
        let delete = self.same(delete, place);
        self.database()
            .transaction(async |tx| {
                tx.execute_raw(park).await?;
                tx.execute_raw(delete).await?;
                Ok(())
            })
            .await
    }

    pub(crate) fn now(&self) -> Value {
        self.database().now().into()
    }
}
