//! What is on its way.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use czo_repo::DatabaseError;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::{Store, numbers};
use crate::partition::Partition;

/// An event on its way.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) partition: Partition,
    pub(crate) position: i64,
    pub(crate) key: Option<String>,
    pub(crate) group: Option<String>,
    /// The envelope, as JSON.
    pub(crate) event: String,
    pub(crate) occurred_at: DateTime<Utc>,
}

/// Which events to read.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) partitions: Vec<Partition>,
    /// Of each of them only what is behind this position.
    pub(crate) behind: Vec<i64>,
    /// Not these.
    pub(crate) except: Vec<i64>,
    /// Nor any of these keys.
    pub(crate) except_keys: Vec<String>,
    /// How many at most, of each partition or in all.
    pub(crate) limit: u64,
    /// Whether to find out which transactions had not begun to write.
    pub(crate) next: bool,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Batch {
    /// In the order of their positions.
    pub(crate) rows: Vec<Row>,
    /// Nothing when keys were left out.
    pub(crate) horizon: Option<Horizon>,
    limit: u64,
    /// Whether the limit is that of all partitions together.
    is_shared: bool,
    /// How many rows of each partition there are, and the position of the last.
    ends: HashMap<Partition, (u64, i64)>,
}

/// Which transactions a snapshot shows, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Horizon {
    /// Those below had ended: what they committed is shown.
    pub(crate) ended: i64,
    /// Those from here on had not begun to write; nothing when that was not asked for.
    pub(crate) next: Option<i64>,
}

impl Batch {
    pub(crate) fn new(
        rows: Vec<Row>,
        horizon: Option<Horizon>,
        limit: u64,
        is_shared: bool,
    ) -> Self {
        let mut ends: HashMap<Partition, (u64, i64)> = HashMap::new();
        for row in &rows {
            let (count, last) = ends.entry(row.partition).or_insert((0, row.position));
            (*count, *last) = (*count + 1, row.position.max(*last));
        }
        Self { rows, horizon, limit, is_shared, ends }
    }

    /// Whether there may be more.
    pub(crate) fn is_full(&self) -> bool {
        let all = u64::try_from(self.rows.len()).unwrap_or(u64::MAX);
        match self.is_shared {
            true => all >= self.limit,
            false => self.ends.values().any(|(count, _)| *count >= self.limit),
        }
    }

    /// The last position that was found of a partition.
    pub(crate) fn last(&self, partition: Partition) -> Option<i64> {
        self.ends.get(&partition).map(|(_, last)| *last)
    }

    /// Up to which position nothing of a partition is missing.
    pub(crate) fn reach(&self, partition: Partition) -> i64 {
        if self.is_shared {
            let last = self.rows.last().map(|row| row.position);
            return last.filter(|_| self.is_full()).unwrap_or(i64::MAX);
        }
        match self.ends.get(&partition) {
            Some((count, last)) if *count >= self.limit => *last,
            _ => i64::MAX,
        }
    }
}

/// Of each partition the first ones. A snapshot that shows an event shows every event of its key
/// that was committed before it, so within a key the order of positions is that of commits.
const READ_POSTGRES: &str = "\
SELECT e.partition, e.position, e.ordering_key, e.target, e.event, e.occurred_at, s.ended, s.next
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS ended,
        CASE WHEN $5 THEN pg_current_xact_id()::text::bigint END AS next OFFSET 0) s
LEFT JOIN (
    unnest($1::text::smallint[], $4::text::bigint[]) AS p(partition, behind)
    CROSS JOIN LATERAL (
        SELECT * FROM outbox_event o
        WHERE o.partition = p.partition AND o.position > p.behind
          AND o.position NOT IN (SELECT unnest($2::text::bigint[]))
        ORDER BY o.position LIMIT $3
    ) e
) ON true";

const READ_POSTGRES_BUT_KEYS: &str = "\
SELECT e.partition, e.position, e.ordering_key, e.target, e.event, e.occurred_at
FROM unnest($1::text::smallint[], $4::text::bigint[]) AS p(partition, behind)
CROSS JOIN LATERAL (
    SELECT * FROM outbox_event o
    WHERE o.partition = p.partition AND o.position > p.behind
      AND o.position NOT IN (SELECT unnest($2::text::bigint[]))
      AND (o.ordering_key IS NULL OR NOT EXISTS (
          SELECT FROM json_array_elements_text($5::text::json) k WHERE k = o.ordering_key))
    ORDER BY o.position LIMIT $3
) e";

const READ_SQLITE: &str = "\
SELECT partition, position, ordering_key, target, event, occurred_at
FROM outbox_event
WHERE position > $4 AND partition IN (SELECT value FROM json_each($1))
  AND position NOT IN (SELECT value FROM json_each($2))
  AND (ordering_key IS NULL OR ordering_key NOT IN (SELECT value FROM json_each($5)))
ORDER BY position LIMIT $3";

impl Store {
    /// Reads events on their way, those of one key in order.
    pub(crate) async fn read(&self, wanted: &Wanted) -> Result<Batch, DatabaseError> {
        let sqlite = self.is_sqlite();
        let keys = serde_json::to_string(&wanted.except_keys);
        let keys = keys.expect("a list of texts has a JSON form");
        let mut values: Vec<Value> = vec![
            numbers(wanted.partitions.iter().map(|partition| partition.0), sqlite),
            numbers(&wanted.except, sqlite),
            i64::try_from(wanted.limit).unwrap_or(i64::MAX).into(),
            match sqlite {
                true => wanted.behind.iter().min().copied().unwrap_or(i64::MIN).into(),
                false => numbers(&wanted.behind, false),
            },
        ];
        // Without keys the database need not look at them.
        let postgres = if wanted.except_keys.is_empty() && !sqlite {
            values.push(wanted.next.into());
            READ_POSTGRES
        } else {
            values.push(keys.into());
            READ_POSTGRES_BUT_KEYS
        };
        let read = self.statement(postgres, READ_SQLITE, values);
        let rows = if sqlite {
            self.database().query_all_raw(read).await?
        } else {
            let tx = self.begin().await?;
            let rows = tx.query_all_raw(read).await?;
            // Nothing was written.
            drop(tx);
            rows
        };
        let horizon = match rows.first() {
            _ if !wanted.except_keys.is_empty() => None,
            // Whoever gives out a position is the only one to write.
            _ if sqlite => Some(Horizon { ended: 0, next: Some(0) }),
            Some(row) => Some(Horizon::read(row)?),
            None => None,
        };
        let rows = rows.iter().filter_map(|row| Row::read(row).transpose());
        let mut rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        rows.sort_unstable_by_key(|row: &Row| row.position);
        Ok(Batch::new(rows, horizon, wanted.limit, sqlite))
    }
}

impl Horizon {
    fn read(row: &QueryResult) -> Result<Self, DatabaseError> {
        Ok(Self { ended: row.try_get("", "ended")?, next: row.try_get("", "next")? })
    }
}

impl Row {
    /// Nothing when there is only the horizon.
    fn read(row: &QueryResult) -> Result<Option<Self>, DatabaseError> {
        let Some(position) = row.try_get("", "position")? else { return Ok(None) };
        Ok(Some(Self {
            partition: Partition(row.try_get("", "partition")?),
            position,
            key: row.try_get("", "ordering_key")?,
            group: row.try_get("", "target")?,
            event: row.try_get("", "event")?,
            // Only for the lag: what can't be read must not keep the others.
            occurred_at: row.try_get("", "occurred_at").unwrap_or_default(),
        }))
    }
}
