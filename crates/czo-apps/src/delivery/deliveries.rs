//! What people see of deliveries, and do with them.

mod filter;
mod portion;
mod record;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use czo_repo::DatabaseError;
use sea_orm::{ConnectionTrait, Value};

use self::filter::Conditions;
pub use self::filter::DeliveryFilter;
pub use self::portion::{ResendCursor, ResendCursorError, Resent};
pub use self::record::{DeliveryAttempt, DeliveryRecord};
use super::dialect::Dialect;
use super::staging::Shared;
use super::{DeliveryState, WebhookDeliveryId};
use crate::AppWebhookId;

/// What people see of deliveries, and do with them. Of a database; it needs no dispatcher.
///
/// What is sent again keeps its id and its body, so that a receiver which has it already knows. It
/// begins its attempts anew, in the lane behind what waits there.
#[derive(Clone)]
pub struct WebhookDeliveries {
    shared: Arc<Shared>,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryCounts {
    /// How many are on their way, those held in their lanes too.
    pub waiting: u64,
    /// How many were given up.
    pub dead: u64,
}

/// How many are sent again by one statement.
const AT_ONCE: u64 = 500;

/// The columns that both tables have.
const COLUMNS: &str = "id, webhook_id, app_id, shop_id, event_id, event_type, correlation_id, \
                       body, lane, state, attempts, sent, created_at, error";

impl WebhookDeliveries {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Deliveries that fit, the newest first, at most `limit`; those that are older than `before`
    /// for the next page.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn list(
        &self,
        filter: &DeliveryFilter,
        limit: u64,
        before: Option<WebhookDeliveryId>,
    ) -> Result<Vec<DeliveryRecord>, DatabaseError> {
        let mut conditions = Conditions::of(filter);
        if let Some(before) = before {
            conditions.add("id <", before.uuid());
        }
        let (fits, mut values) = conditions.sql();
        values.push(Value::from(i64::try_from(limit).unwrap_or(i64::MAX)));
        let place = values.len();
        let part = |table: &str, time: &str| {
            format!(
                "SELECT * FROM (SELECT {COLUMNS}, {time} FROM {table} WHERE {fits} \
                 ORDER BY id DESC LIMIT ${place}) AS {table}_part"
            )
        };
        let sql = format!(
            "{} UNION ALL {} ORDER BY id DESC LIMIT ${place}",
            part("webhook_delivery", "next_at, CAST(NULL AS bigint) AS done_at"),
            part("webhook_log", "CAST(NULL AS bigint) AS next_at, done_at"),
        );
        let rows = self.shared.database.query_all_raw(self.shared.dialect.statement(sql, values));
        rows.await?.iter().map(DeliveryRecord::read).collect()
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn get(
        &self,
        id: WebhookDeliveryId,
    ) -> Result<Option<DeliveryRecord>, DatabaseError> {
        Ok(self.list(&DeliveryFilter::all().id(id), 1, None).await?.pop())
    }

    /// The attempts to deliver it, the first one first.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn attempts(
        &self,
        id: WebhookDeliveryId,
    ) -> Result<Vec<DeliveryAttempt>, DatabaseError> {
        let sql = "SELECT * FROM webhook_attempt WHERE delivery_id = $1 ORDER BY number";
        let query = self.shared.dialect.statement(sql, [id.uuid().into()]);
        let rows = self.shared.database.query_all_raw(query).await?;
        rows.iter().map(DeliveryAttempt::read).collect()
    }

    /// How many are on their way, and how many were given up.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn counts(&self) -> Result<DeliveryCounts, DatabaseError> {
        let sql = "SELECT (SELECT count(*) FROM webhook_delivery) AS waiting, \
                   (SELECT count(*) FROM webhook_log WHERE state = 5) AS dead";
        let query = self.shared.dialect.statement(sql, []);
        let row = self.shared.database.query_one_raw(query).await?;
        let Some(row) = row else { return Ok(DeliveryCounts::default()) };
        let number = |name| {
            row.try_get::<i64>("", name).map(|count| u64::try_from(count).unwrap_or_default())
        };
        Ok(DeliveryCounts { waiting: number("waiting")?, dead: number("dead")? })
    }

    /// Sends one again that is done, whatever became of it; says whether there was one.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn resend(&self, id: WebhookDeliveryId) -> Result<bool, DatabaseError> {
        Ok(self.resend_range(&DeliveryFilter::all().id(id), 1).await? > 0)
    }

    /// Sends again what is done and fits, the oldest first, at most `limit`, and says how many that
    /// are. One of a webhook that is not active is given up again.
    ///
    /// # Errors
    ///
    /// When the database does not answer. What was said to be sent before is.
    pub async fn resend_range(
        &self,
        filter: &DeliveryFilter,
        limit: u64,
    ) -> Result<u64, DatabaseError> {
        Ok(self.resend_portion(filter, limit, None).await?.count)
    }

    /// The same for who sends very many again in several calls: at most `limit` by this one, which
    /// goes on where the last one with the same filter says.
    ///
    /// # Errors
    ///
    /// When the database does not answer. What was moved by then is sent.
    pub async fn resend_portion(
        &self,
        filter: &DeliveryFilter,
        limit: u64,
        after: Option<ResendCursor>,
    ) -> Result<Resent, DatabaseError> {
        // What was sent again before and is done again meanwhile is not sent once more.
        let until = match after {
            Some(ResendCursor(until)) => until,
            None => self.now().await?,
        };
        let mut sent = 0;
        while sent < limit {
            let at_once = AT_ONCE.min(limit - sent);
            let moved = self.move_back(filter, until, at_once).await?;
            sent += moved;
            if moved > 0 {
                self.shared.wake.wake(&self.shared.database);
            }
            if moved < at_once {
                return Ok(Resent { count: sent, next: None });
            }
        }
        Ok(Resent { count: sent, next: Some(ResendCursor(until)) })
    }

    /// Sends again what was given up and fits, the oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn redrive(&self, filter: &DeliveryFilter, limit: u64) -> Result<u64, DatabaseError> {
        self.resend_range(&filter.clone().state(DeliveryState::Dead), limit).await
    }

    /// Sends a webhook again all that was given up of what happened since then: for a receiver that
    /// was away.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn recover_since(
        &self,
        webhook: AppWebhookId,
        since: DateTime<Utc>,
    ) -> Result<u64, DatabaseError> {
        self.redrive(&DeliveryFilter::all().webhook(webhook).since(since), u64::MAX).await
    }

    async fn now(&self) -> Result<i64, DatabaseError> {
        let dialect = self.shared.dialect;
        let query = dialect.statement(format!("SELECT {} AS now", dialect.now()), []);
        let row = self.shared.database.query_one_raw(query).await?;
        Ok(row.map(|row| row.try_get("", "now")).transpose()?.unwrap_or(i64::MAX))
    }

    /// Moves one batch of the log back to what is on its way.
    async fn move_back(
        &self,
        filter: &DeliveryFilter,
        until: i64,
        limit: u64,
    ) -> Result<u64, DatabaseError> {
        let dialect = self.shared.dialect;
        let mut conditions = Conditions::of(filter);
        conditions.add("done_at <=", until);
        let (fits, mut values) = conditions.sql();
        values.push(Value::from(i64::try_from(limit).unwrap_or(i64::MAX)));
        let some = format!(
            "SELECT id FROM webhook_log WHERE {fits} ORDER BY position LIMIT ${}",
            values.len()
        );
        let back = format!(
            "INSERT INTO webhook_delivery (id, webhook_id, app_id, shop_id, event_id, event_type, \
             correlation_id, body, lane, state, attempts, sent, created_at, next_at) \
             SELECT id, webhook_id, app_id, shop_id, event_id, event_type, correlation_id, body, \
             lane, 0, 0, sent, created_at, {} FROM {{gone}} ORDER BY position",
            dialect.now()
        );
        let delete = format!("DELETE FROM webhook_log WHERE id IN ({some}");
        let statements = match dialect {
            // Of two who send the same again at once, one finds it gone.
            Dialect::Postgres => {
                let back = back.replace("{gone}", "gone");
                vec![format!("WITH gone AS ({delete} FOR UPDATE SKIP LOCKED) RETURNING *) {back}")]
            }
            Dialect::Sqlite => {
                let gone = format!("webhook_log WHERE id IN ({some})");
                vec![back.replace("{gone}", &gone), format!("{delete})")]
            }
        };
        self.shared
            .database
            .transaction(async |tx| {
                let mut moved = 0;
                for sql in &statements {
                    let done =
                        tx.execute_raw(dialect.statement(sql.as_str(), values.clone())).await?;
                    moved = done.rows_affected();
                }
                Ok(moved)
            })
            .await
    }
}

impl fmt::Debug for WebhookDeliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookDeliveries").field("database", self.shared.database.url()).finish()
    }
}
