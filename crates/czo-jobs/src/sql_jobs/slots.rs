//! Slots of schedules as rows.

use chrono::{DateTime, Utc};
use czo_core::{Enqueued, JobError, JobName, LastSlot, NewJob};
use czo_repo::DatabaseError;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::{SqlJobs, store};

impl SqlJobs {
    pub(super) async fn read_slot(&self, schedule: &JobName) -> Result<LastSlot, JobError> {
        let name = || Value::from(schedule.as_str());
        let mut rows = self.read(&self.shared.statements.last_slot, [name()]).await?;
        if rows.is_empty() {
            rows = self.write(&self.shared.statements.first_slot, [name()]).await?;
        }
        let row = rows.first().ok_or_else(|| JobError::Store("no slot was answered".into()))?;
        Ok(LastSlot { slot: time(row, "slot")?, now: time(row, "now")? })
    }

    pub(super) async fn take_slot(
        &self,
        schedule: &JobName,
        slot: DateTime<Utc>,
        job: NewJob,
    ) -> Result<Option<Enqueued>, JobError> {
        job.check()?;
        let values = [Value::from(schedule.as_str()), Value::from(slot.timestamp_millis())];
        let take = self.shared.statement(&self.shared.statements.take_slot, values);
        let (shared, jobs) = (&self.shared, [job]);
        shared
            .database
            .transaction(async |tx| {
                if tx.query_all_raw(take.clone()).await?.is_empty() {
                    return Ok(None);
                }
                let enqueued = shared.insert(&**tx, &jobs).await?;
                let woken = shared.clone();
                tx.after_commit(async move { woken.wake.all(&woken.database) });
                Ok(enqueued.first().copied())
            })
            .await
            .map_err(JobError::store::<DatabaseError>)
    }
}

fn time(row: &QueryResult, column: &str) -> Result<DateTime<Utc>, JobError> {
    let millis: i64 = row.try_get("", column).map_err(store)?;
    DateTime::from_timestamp_millis(millis)
        .ok_or_else(|| JobError::Store(format!("{column}: {millis} is no time").into()))
}
