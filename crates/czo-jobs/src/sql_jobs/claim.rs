//! Jobs that are due go to workers.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use czo_core::{Claim, ClaimRequest, Finished, JobError, JobName, Outcome, describe};
use sea_orm::Value;

use super::{Dialect, SqlJobs, json, millis, row, statements, store};

/// How often somebody looks after the jobs of lost workers, at most.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// SQLite takes 500 queries in one; each name is three.
const NAMES_AT_ONCE: usize = 100;

/// How many jobs are given out at once at most.
const MOST_AT_ONCE: usize = 1 << 20;

/// When a worker asks again for a job that is due and that it did not get.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// When to look after the jobs of lost workers again.
#[derive(Debug, Default)]
pub(super) struct LostWatch(Mutex<Option<Instant>>);

impl LostWatch {
    /// Whether it is time; if so, the next time is later.
    fn is_due(&self, lease: Duration) -> bool {
        let now = Instant::now();
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = next.is_none_or(|next| next <= now);
        if is_due {
            *next = Some(now + LOOK_AGAIN.min(lease / 4));
        }
        is_due
    }
}

impl SqlJobs {
    pub(super) async fn claim_due(&self, request: &ClaimRequest) -> Result<Vec<Claim>, JobError> {
        if self.shared.lost.is_due(request.lease) {
            let freed = self.write(&self.shared.statements.free_lost, []).await?;
            if !freed.is_empty() {
                tracing::warn!(jobs = freed.len(), "jobs of lost workers wait again");
            }
        }
        let at_once = match self.shared.dialect {
            Dialect::Postgres => usize::MAX,
            Dialect::Sqlite => NAMES_AT_ONCE,
        };
        let mut claims = Vec::new();
        for names in request.names.chunks(at_once.min(request.names.len()).max(1)) {
            let left = request.limit - claims.len();
            if left > 0 {
                claims.extend(self.claim_of(names, left, request).await?);
            }
        }
        Ok(claims)
    }

    async fn claim_of(
        &self,
        names: &[JobName],
        limit: usize,
        request: &ClaimRequest,
    ) -> Result<Vec<Claim>, JobError> {
        // More than that is a call of its own.
        let limit = limit.min(MOST_AT_ONCE);
        let mut values: Vec<Value> = vec![
            request.worker.as_str().into(),
            millis(request.lease).into(),
            i64::try_from(limit).unwrap_or(i64::MAX).into(),
        ];
        match self.shared.dialect {
            Dialect::Postgres => values.push(json(&names)?),
            Dialect::Sqlite => values.extend(names.iter().map(|name| name.as_str().into())),
        }
        let sql = statements::claim(self.shared.dialect, names.len(), limit);
        let rows = self.write(&sql, values).await?;
        let (mut claims, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in &rows {
            match row::claim(row) {
                Ok(claim) => claims.push(claim),
                Err(error) => {
                    tracing::error!(%error, "a job that cannot be read is dead");
                    let outcome = Outcome::Dead { reason: error.to_string() };
                    // Without a ticket nothing can be said of it.
                    let ticket = row::ticket(row).ok();
                    unreadable.extend(ticket.map(|ticket| Finished {
                        ticket,
                        outcome,
                        progress: None,
                    }));
                }
            }
        }
        if !unreadable.is_empty()
            // Given out again, they would be no better. Where this fails they are, when their leases
            // are over: the others have been claimed, and must reach the worker.
            && let Err(error) = Box::pin(self.finish_held(&unreadable)).await
        {
            tracing::warn!(error = describe(&error), "jobs that cannot be read are not ended");
        }
        // They come in no order.
        claims.sort_by_key(|(claim, order)| (*order, claim.ticket.id));
        Ok(claims.into_iter().map(|(claim, _)| claim).collect())
    }

    /// How long until a job of these names is due.
    pub(super) async fn next_due(&self, names: &[JobName]) -> Result<Option<Duration>, JobError> {
        let rows = self.read(&self.shared.statements.next_due, [json(&names)?]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let millis: Option<i64> = row.try_get("", "millis").map_err(store)?;
        Ok(millis.map(|millis| match u64::try_from(millis) {
            Ok(left @ 1..) => Duration::from_millis(left),
            // It came due just now, or somebody has locked its row: to ask at once, again and
            // again, is of no use.
            _ => ASK_AGAIN,
        }))
    }
}
