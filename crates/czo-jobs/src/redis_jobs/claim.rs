//! Jobs that are due go to workers, and what workers say of them.

use std::time::Duration;

use czo_core::{
    Claim, ClaimRequest, Finished, JobError, JobName, Outcome, Priority, Progress, Renewal,
    Standing, Ticket,
};
use fred::types::Value;

use super::enqueue::delay;
use super::reply::Reply;
use super::{RedisJobs, RedisJobsError, body, scripts};

/// How many jobs are given out at once at most: Redis does nothing else meanwhile.
const MOST_JOBS: usize = 1_000;

/// How many bytes of bodies are given out at once; the last one may be over it.
const MOST_BYTES: i64 = 16 * 1_024 * 1_024;

/// How many lost jobs are looked after with each claim.
const LOST_AT_ONCE: i64 = 100;

impl RedisJobs {
    pub(super) async fn claim_due(&self, request: &ClaimRequest) -> Result<Vec<Claim>, JobError> {
        let limit = request.limit.min(MOST_JOBS);
        if limit == 0 || request.names.is_empty() {
            return Ok(Vec::new());
        }
        let mut arguments: Vec<Value> = vec![
            request.worker.as_str().into(),
            delay(request.lease).into(),
            number(limit),
            MOST_BYTES.into(),
            LOST_AT_ONCE.into(),
        ];
        arguments.extend(request.names.iter().map(|name| Value::from(name.as_str())));
        let mut answer = Reply::of(self.run(scripts::CLAIM, arguments).await?)?;
        let (mut claims, mut unreadable) = (Vec::new(), Vec::new());
        while !answer.is_empty() {
            match claim(&mut answer, &request.names)? {
                Ok(claim) => claims.push(claim),
                Err(attempt) => unreadable.push(attempt),
            }
        }
        if !unreadable.is_empty() {
            // Given out again, they would be no better.
            tracing::error!(jobs = unreadable.len(), "jobs that cannot be read are dead");
            self.finish_held(&unreadable).await?;
        }
        Ok(claims)
    }

    pub(super) async fn renew_held(
        &self,
        jobs: &[Renewal],
        lease: Duration,
    ) -> Result<Vec<Standing>, JobError> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let mut arguments: Vec<Value> = vec![delay(lease).into()];
        for job in jobs {
            let Ticket { id, fence } = job.ticket;
            arguments.extend([
                id.to_string().into(),
                fence.to_string().into(),
                text(job.progress.as_ref()).into(),
            ]);
        }
        let mut answer = Reply::of(self.run(scripts::RENEW, arguments).await?)?;
        let mut standing = Vec::with_capacity(jobs.len());
        for _ in jobs {
            standing.push(match answer.number::<i64>()? {
                1 => Standing::Held,
                2 => Standing::Cancelling,
                _ => Standing::Lost,
            });
        }
        Ok(standing)
    }

    pub(super) async fn finish_held(&self, attempts: &[Finished]) -> Result<Vec<Ticket>, JobError> {
        if attempts.is_empty() {
            return Ok(Vec::new());
        }
        let mut arguments: Vec<Value> = Vec::with_capacity(6 * attempts.len());
        for attempt in attempts {
            let (outcome, after, reason) = match &attempt.outcome {
                Outcome::Succeeded => ("succeeded", Duration::ZERO, None),
                Outcome::Retry { reason, after } => ("retry", *after, Some(reason)),
                Outcome::Dead { reason } => ("dead", Duration::ZERO, Some(reason)),
                Outcome::Cancelled => ("cancelled", Duration::ZERO, None),
                Outcome::Released => ("released", Duration::ZERO, None),
            };
            arguments.extend([
                attempt.ticket.id.to_string().into(),
                attempt.ticket.fence.to_string().into(),
                outcome.into(),
                delay(after).into(),
                text(attempt.progress.as_ref()).into(),
                // An empty reason is one too.
                reason.map_or_else(String::new, |reason| format!("r{reason}")).into(),
            ]);
        }
        let mut answer = Reply::of(self.run(scripts::FINISH, arguments).await?)?;
        let mut lost = Vec::new();
        while !answer.is_empty() {
            let attempt = attempts.get(answer.number::<usize>()?);
            let attempt = attempt.ok_or(RedisJobsError::Answer { expected: "a smaller number" })?;
            lost.push(attempt.ticket);
        }
        Ok(lost)
    }

    /// How long until there may be something to do for a worker that knows these names.
    pub(super) async fn next_due(&self, names: &[JobName]) -> Result<Option<Duration>, JobError> {
        let names = names.iter().map(|name| Value::from(name.as_str())).collect();
        match self.run(scripts::NEXT_DUE, names).await? {
            Value::Null => Ok(None),
            until => {
                let until = super::reply::text(until)?;
                let micros = super::reply::parse(&until, "a number")?;
                Ok(Some(Duration::from_micros(micros)))
            }
        }
    }
}

/// The next claim, or what ends the attempt when the job can't be read.
fn claim(answer: &mut Reply, names: &[JobName]) -> Result<Result<Claim, Finished>, RedisJobsError> {
    let id = answer.id()?;
    let name = names.get(answer.number::<usize>()?);
    let priority = Priority::ALL.get(answer.number::<usize>()?);
    let attempt = answer.number()?;
    let ticket = Ticket { id, fence: answer.number()? };
    let (Some(name), Some(priority)) = (name, priority) else {
        return Err(RedisJobsError::Answer { expected: "a smaller number" });
    };
    let dead =
        |reason: String| Finished { ticket, outcome: Outcome::Dead { reason }, progress: None };
    // Not text when somebody else wrote it.
    let Ok(text) = answer.text() else { return Ok(Err(dead("its body is no text".to_owned()))) };
    Ok(match body::read(&text) {
        Ok(body) => Ok(Claim {
            ticket,
            name: name.clone(),
            payload: body.payload.to_owned(),
            attempt,
            retry: body.retry,
            priority: *priority,
            context: body.context,
        }),
        Err(reason) => Err(dead(reason)),
    })
}

fn text(progress: Option<&Progress>) -> String {
    // Numbers and a text have a JSON form.
    progress.and_then(|progress| serde_json::to_string(progress).ok()).unwrap_or_default()
}

fn number(number: usize) -> Value {
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}
