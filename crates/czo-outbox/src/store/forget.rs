//! Forgetting what is old, in bounded batches.

use std::time::Duration;

use chrono::TimeDelta;
use czo_repo::DatabaseError;
use sea_orm::ConnectionTrait;

use super::Store;

/// How many rows go at once.
const AT_ONCE: i64 = 1_000;

const FORGET_LOG: &str = "\
DELETE FROM event_log WHERE position IN (
    SELECT position FROM event_log WHERE published_at < $1 LIMIT $2)";

const FORGET_INBOX: &str = "\
DELETE FROM inbox_event WHERE (consumer, event_id) IN (
    SELECT consumer, event_id FROM inbox_event WHERE handled_at < $1 ORDER BY handled_at LIMIT $2)";

impl Store {
    /// Deletes from the log what is older, at most one batch; says whether there may be more.
    pub(crate) async fn forget_log(&self, keep: Duration) -> Result<bool, DatabaseError> {
        self.forget(FORGET_LOG, keep).await
    }

    /// Deletes from the inbox what is older, at most one batch; says whether there may be more.
    pub(crate) async fn forget_inbox(&self, keep: Duration) -> Result<bool, DatabaseError> {
        self.forget(FORGET_INBOX, keep).await
    }

    async fn forget(&self, sql: &str, keep: Duration) -> Result<bool, DatabaseError> {
        let keep = TimeDelta::from_std(keep).unwrap_or(TimeDelta::MAX);
        let Some(limit) = self.database().now().checked_sub_signed(keep) else { return Ok(false) };
        let forget = self.same(sql, [limit.into(), AT_ONCE.into()]);
        let gone = self.database().execute_raw(forget).await?.rows_affected();
        Ok(i64::try_from(gone).is_ok_and(|gone| gone >= AT_ONCE))
    }
}
