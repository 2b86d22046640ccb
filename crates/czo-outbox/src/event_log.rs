//! What was published, and publishing it once more.

use chrono::{DateTime, Utc};
use czo_core::{CorrelationId, EventType, Group, TopicPattern};
use sea_orm::{ConnectionTrait, Statement, Value};

use crate::{Outbox, OutboxError};

/// How many events one transaction of a replay moves.
const AT_ONCE: i64 = 1_000;

/// Which events of the log are meant: those that everything set here is true of.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LogFilter {
    /// Only those whose type matches.
    pub pattern: Option<TopicPattern>,
    /// Only those that happened then or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those that happened before.
    pub until: Option<DateTime<Utc>>,
    /// Only those of this request.
    pub correlation: Option<CorrelationId>,
}

impl LogFilter {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only those whose type matches.
    #[must_use]
    pub fn pattern(mut self, pattern: TopicPattern) -> Self {
        self.pattern = Some(pattern);
        self
    }

    /// Only those that happened then or later.
    #[must_use]
    pub fn since(mut self, since: DateTime<Utc>) -> Self {
        self.since = Some(since);
        self
    }

    /// Only those that happened before.
    #[must_use]
    pub fn until(mut self, until: DateTime<Utc>) -> Self {
        self.until = Some(until);
        self
    }

    /// Only those of this request.
    #[must_use]
    pub fn correlation(mut self, correlation: CorrelationId) -> Self {
        self.correlation = Some(correlation);
        self
    }
}

/// Who gets events of the log once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayTarget {
    group: Group,
    again: bool,
}

impl ReplayTarget {
    /// This group, and nobody else. What its [inbox](crate::Inbox) has seen it does not handle.
    #[must_use]
    pub fn group(group: Group) -> Self {
        Self { group, again: false }
    }

    /// Also what the inbox of the group has seen: it forgets the events in the transaction that
    /// publishes them once more.
    #[must_use]
    pub fn again(mut self) -> Self {
        self.again = true;
        self
    }
}

/// How far a replay is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replay {
    /// How many events are on their way once more.
    pub replayed: u64,
    /// How many were meant when it began.
    pub total: u64,
}

/// The log of what was published: it is kept for
/// [`keep_log`](crate::OutboxOptions::keep_log), and its rows never change.
///
/// Made by [`Outbox::log`].
#[derive(Clone, Debug)]
pub struct EventLog<'o> {
    outbox: &'o Outbox,
}

impl Outbox {
    /// The log of what was published.
    #[must_use]
    pub fn log(&self) -> EventLog<'_> {
        EventLog { outbox: self }
    }
}

impl EventLog<'_> {
    /// How many events are meant.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn count(&self, filter: &LogFilter) -> Result<u64, OutboxError> {
        let Some((condition, values)) = self.condition(filter).await? else { return Ok(0) };
        let sql = format!("SELECT count(*) AS rows FROM event_log WHERE {condition}");
        let row = self.outbox.database().query_one_raw(self.statement(&sql, values)).await?;
        let rows: i64 = row.map_or(Ok(0), |row| row.try_get("", "rows"))?;
        Ok(u64::try_from(rows).unwrap_or_default())
    }

    /// The types of all that is in the log.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn types(&self) -> Result<Vec<EventType>, OutboxError> {
        let sql = "SELECT DISTINCT event_type FROM event_log ORDER BY event_type";
        let rows = self.outbox.database().query_all_raw(self.statement(sql, Vec::new())).await?;
        let mut types = Vec::with_capacity(rows.len());
        for row in rows {
            let name: String = row.try_get("", "event_type")?;
            types.extend(name.parse::<EventType>().ok());
        }
        Ok(types)
    }

    /// Publishes the events that are meant once more, for one group, with the ids and in the order
    /// they had, and says how many. They go through the outbox like new ones, and are not logged
    /// again.
    ///
    /// Each transaction moves a thousand; `progress` is called after each. When it fails in
    /// between, or is dropped, what was moved is on its way.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn replay(
        &self,
        filter: &LogFilter,
        target: &ReplayTarget,
        mut progress: impl FnMut(Replay),
    ) -> Result<u64, OutboxError> {
        let Some((condition, mut values)) = self.condition(filter).await? else { return Ok(0) };
        // What is published meanwhile is not meant.
        values.push(self.end().await?.into());
        let condition = format!("{condition} AND position <= ${}", values.len());
        let mut replay = Replay { replayed: 0, total: self.count(filter).await? };
        let group = target.group.to_string();
        let mut after = i64::MIN;
        while let Some((last, moved)) = self.page(&condition, &values, after).await? {
            let meant = values.len();
            let (first, end) = (meant + 1, meant + 2);
            let span = format!("{condition} AND position > ${first} AND position <= ${end}");
            let mut values = values.clone();
            values.extend([after.into(), last.into(), group.clone().into()]);
            let insert = self.statement(
                &format!(
                    "INSERT INTO outbox_event (partition, event_id, event_type, version, source, \
                     correlation_id, occurred_at, ordering_key, event, target) \
                     SELECT partition, event_id, event_type, version, source, correlation_id, \
                     occurred_at, ordering_key, event, ${} FROM event_log WHERE {span} \
                     ORDER BY position",
                    meant + 3
                ),
                values.clone(),
            );
            let forget = self.statement(
                &format!(
                    "DELETE FROM inbox_event WHERE consumer = ${} AND event_id IN \
                     (SELECT event_id FROM event_log WHERE {span})",
                    meant + 3
                ),
                values,
            );
            self.outbox
                .database()
                .transaction(async |tx| {
                    if target.again {
                        tx.execute_raw(forget).await?;
                    }
                    tx.execute_raw(insert).await?;
                    Ok::<_, OutboxError>(())
                })
                .await?;
            self.outbox.wake();
            after = last;
            replay.replayed += moved;
            progress(replay);
        }
        Ok(replay.replayed)
    }

    /// The position of what was published last.
    async fn end(&self) -> Result<i64, OutboxError> {
        let sql = "SELECT max(position) AS last FROM event_log";
        let row = self.outbox.database().query_one_raw(self.statement(sql, Vec::new())).await?;
        let last: Option<i64> = row.map_or(Ok(None), |row| row.try_get("", "last"))?;
        Ok(last.unwrap_or(i64::MIN))
    }

    /// The last position of the next events behind `after`, and how many they are.
    async fn page(
        &self,
        condition: &str,
        values: &[Value],
        after: i64,
    ) -> Result<Option<(i64, u64)>, OutboxError> {
        let sql = format!(
            "SELECT max(position) AS last, count(*) AS rows FROM (SELECT position FROM event_log \
             WHERE {condition} AND position > ${} ORDER BY position LIMIT {AT_ONCE}) AS page",
            values.len() + 1
        );
        let mut values = values.to_vec();
        values.push(after.into());
        let row = self.outbox.database().query_one_raw(self.statement(&sql, values)).await?;
        let Some(row) = row else { return Ok(None) };
        let (last, rows): (Option<i64>, i64) = (row.try_get("", "last")?, row.try_get("", "rows")?);
        Ok(last.map(|last| (last, u64::try_from(rows).unwrap_or_default())))
    }

    /// What the filter says in SQL; nothing when no type in the log matches.
    async fn condition(
        &self,
        filter: &LogFilter,
    ) -> Result<Option<(String, Vec<Value>)>, OutboxError> {
        let (mut sql, mut values) = (String::from("true"), Vec::<Value>::new());
        if let Some(pattern) = &filter.pattern {
            let types = self.types().await?;
            let matching: Vec<_> = types.iter().filter(|of| pattern.matches(of)).collect();
            if matching.is_empty() {
                return Ok(None);
            }
            let places: Vec<_> = (1..=matching.len()).map(|place| format!("${place}")).collect();
            sql.push_str(&format!(" AND event_type IN ({})", places.join(", ")));
            values.extend(matching.iter().map(|of| Value::from(of.as_str())));
        }
        let mut and = |condition: &str, value: Value| {
            values.push(value);
            sql.push_str(&format!(" AND {condition} ${}", values.len()));
        };
        if let Some(since) = filter.since {
            and("occurred_at >=", since.into());
        }
        if let Some(until) = filter.until {
            and("occurred_at <", until.into());
        }
        if let Some(correlation) = &filter.correlation {
            and("correlation_id =", correlation.as_str().into());
        }
        Ok(Some((sql, values)))
    }

    fn statement(&self, sql: &str, values: Vec<Value>) -> Statement {
        self.outbox.store().same(sql, values)
    }
}
