//! What workers say of the jobs they hold.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use czo_core::{Finished, JobError, Outcome, Progress, Renewal, Standing, Ticket};
use sea_orm::Value;
use serde::Serialize;

use super::enqueue::hexadecimal;
use super::{SqlJobs, json, millis, row, store, without_nul};

#[derive(Serialize)]
struct Held {
    id: String,
    fence: u64,
    progress: Option<String>,
}

#[derive(Serialize)]
struct Ended {
    id: String,
    fence: u64,
    outcome: u8,
    reason: Option<String>,
    delay: i64,
    progress: Option<String>,
}

impl SqlJobs {
    pub(super) async fn renew_held(
        &self,
        jobs: &[Renewal],
        lease: Duration,
    ) -> Result<Vec<Standing>, JobError> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let held: Vec<_> = jobs
            .iter()
            .map(|job| Held {
                id: hexadecimal(job.ticket.id),
                fence: job.ticket.fence,
                progress: text(job.progress.as_ref()),
            })
            .collect();
        let values = [json(&held)?, Value::from(millis(lease))];
        let rows = self.write(&self.shared.statements.renew, values).await?;
        let mut standing = HashMap::with_capacity(rows.len());
        for row in &rows {
            let is_cancelling: bool = row.try_get("", "cancelling").map_err(store)?;
            let held = if is_cancelling { Standing::Cancelling } else { Standing::Held };
            standing.insert(row::ticket(row)?, held);
        }
        let of = |job: &Renewal| standing.get(&job.ticket).copied().unwrap_or(Standing::Lost);
        Ok(jobs.iter().map(of).collect())
    }

    pub(super) async fn finish_held(&self, attempts: &[Finished]) -> Result<Vec<Ticket>, JobError> {
        if attempts.is_empty() {
            return Ok(Vec::new());
        }
        let ended: Vec<_> = attempts.iter().map(ended).collect();
        let rows = self.write(&self.shared.statements.finish, [json(&ended)?]).await?;
        let done: HashSet<Ticket> = rows.iter().map(row::ticket).collect::<Result<_, _>>()?;
        if attempts.iter().any(|attempt| waits_again(&attempt.outcome)) {
            self.shared.wake.all(&self.shared.database);
        }
        let tickets = attempts.iter().map(|attempt| attempt.ticket);
        Ok(tickets.filter(|ticket| !done.contains(ticket)).collect())
    }
}

fn waits_again(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Retry { .. } | Outcome::Released)
}

fn ended(attempt: &Finished) -> Ended {
    let (outcome, reason, delay) = match &attempt.outcome {
        Outcome::Succeeded => (0, None, Duration::ZERO),
        Outcome::Retry { reason, after } => (1, Some(reason), *after),
        Outcome::Dead { reason } => (2, Some(reason), Duration::ZERO),
        Outcome::Cancelled => (3, None, Duration::ZERO),
        Outcome::Released => (4, None, Duration::ZERO),
    };
    Ended {
        id: hexadecimal(attempt.ticket.id),
        fence: attempt.ticket.fence,
        outcome,
        reason: reason.map(|reason| without_nul(reason)),
        delay: millis(delay),
        progress: text(attempt.progress.as_ref()),
    }
}

fn text(progress: Option<&Progress>) -> Option<String> {
    // Numbers and a text have a JSON form.
    progress.and_then(|progress| serde_json::to_string(progress).ok())
}
