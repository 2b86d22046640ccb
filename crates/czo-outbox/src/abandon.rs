//! Giving up a second bus.

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{Outbox, OutboxError};

/// How many rows go at once.
const AT_ONCE: i64 = 1_000;

const FORGET: &str = "DELETE FROM outbox_event WHERE position IN \
                      (SELECT position FROM outbox_event ORDER BY position LIMIT $1)";

impl Outbox {
    /// Whether a relay of this stream is at work in any process: whether the beat of one moves
    /// within `watch`, of which a relay's is a fifth of its [lease](crate::RelayOptions::lease).
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn is_relayed(&self, watch: Duration) -> Result<bool, OutboxError> {
        let before = self.beats().await?;
        if before.is_empty() {
            return Ok(false);
        }
        tokio::time::sleep(watch).await;
        Ok(self.beats().await? != before)
    }

    /// Throws away all that waits in the [mirror](Self::mirror), and what was parked there, for
    /// ever, a thousand rows at a time, and says how many events that were. Relays that died there
    /// are forgotten.
    ///
    /// # Errors
    ///
    /// When the database does not answer; some may be gone then.
    pub async fn abandon_mirror(&self) -> Result<u64, OutboxError> {
        let mirror = self.mirror();
        let (store, database) = (mirror.store(), mirror.database());
        let mut gone = 0;
        loop {
            let forgotten = database.execute_raw(store.same(FORGET, [AT_ONCE.into()])).await?;
            if forgotten.rows_affected() == 0 {
                break;
            }
            gone += forgotten.rows_affected();
        }
        for (forget, counts) in [
            ("DELETE FROM outbox_parked", 1),
            ("UPDATE outbox_lease SET owner = NULL", 0),
            ("DELETE FROM outbox_member", 0),
        ] {
            gone += database.execute_raw(store.same(forget, [])).await?.rows_affected() * counts;
        }
        Ok(gone)
    }

    async fn beats(&self) -> Result<BTreeMap<Uuid, i64>, OutboxError> {
        let store = self.store();
        let members = store.same("SELECT id, beat FROM outbox_member", []);
        let mut beats = BTreeMap::new();
        for row in self.database().query_all_raw(members).await? {
            beats.insert(row.try_get("", "id")?, row.try_get("", "beat")?);
        }
        Ok(beats)
    }
}
