//! One attempt at one job.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use czo_core::{
    Claim, Finished, HandlerError, JobContext, Outcome, RequestContext, RetryPolicy, SystemIds,
};
use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument;

use super::held::{HeldJobs, Stop};
use super::limits::shortened;
use super::runner::Runner;

/// One attempt at one job.
pub(super) struct Attempt {
    pub(super) claim: Claim,
    pub(super) runner: Arc<dyn Runner>,
    pub(super) held: Arc<HeldJobs>,
    pub(super) grace: Duration,
}

/// How the handler ended.
enum Ended {
    /// By itself.
    With(Result<(), HandlerError>),
    /// It was dropped.
    By(Stop),
}

impl Attempt {
    /// Runs the handler; whatever happens in it ends here. Nothing when the job is another
    /// worker's by now.
    pub(super) async fn run(self) -> Option<Finished> {
        let ticket = self.claim.ticket;
        let request =
            self.claim.context.clone().unwrap_or_else(|| RequestContext::system(&SystemIds));
        let span = tracing::info_span!(
            "run_job",
            job.name = self.claim.name.as_str(),
            job.id = %ticket.id,
            attempt = self.claim.attempt,
            correlation_id = request.correlation_id.as_str(),
        );
        let (ctx, control) =
            JobContext::new(ticket.id, self.claim.name.clone(), self.claim.attempt, request);
        let stop = match self.held.begin(ticket, control) {
            Ok(stop) => stop,
            Err(Stop::Lost) => return None,
            Err(Stop::Cancelled) => {
                return Some(Finished { ticket, outcome: Outcome::Cancelled, progress: None });
            }
            Err(Stop::Released) => {
                return Some(Finished { ticket, outcome: Outcome::Released, progress: None });
            }
        };
        let started = Instant::now();
        // Around all of it: what a handler holds may panic when it is dropped.
        let ended = AssertUnwindSafe(self.guarded(&ctx, stop)).catch_unwind();
        let ended = ended.instrument(span.clone()).await.unwrap_or_else(|panic| {
            Ended::With(Err(HandlerError::retryable(panic_message(&*panic))))
        });
        let (told, progress) = self.held.remove(ticket);
        let outcome = span.in_scope(|| self.judge(ended, told))?;
        metrics::histogram!(
            "czo_jobs_duration_seconds",
            "job" => self.claim.name.to_string(),
            "outcome" => name_of(&outcome),
        )
        .record(started.elapsed());
        Some(Finished { ticket, outcome, progress })
    }

    /// Runs the handler until it ends or has to.
    async fn guarded(&self, ctx: &JobContext, mut stop: watch::Receiver<Option<Stop>>) -> Ended {
        let mut work = pin!(self.handle(ctx));
        // Tells once more each time a reason outdoes the one before.
        let mut reason = None;
        loop {
            let patience = async {
                match reason {
                    Some(Stop::Cancelled) => tokio::time::sleep(self.grace).await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                outcome = &mut work => return Ended::With(outcome),
                told = stop.wait_for(|stop| *stop > reason) => match told.map(|stop| *stop) {
                    Ok(Some(Stop::Cancelled)) => reason = Some(Stop::Cancelled),
                    Ok(Some(why)) => return Ended::By(why),
                    // The entry is only removed after this.
                    Ok(None) | Err(_) => return Ended::By(Stop::Lost),
                },
                () = patience => return Ended::By(Stop::Cancelled),
            }
        }
    }

    async fn handle(&self, ctx: &JobContext) -> Result<(), HandlerError> {
        // Within the block: a handler may panic before it gives a future.
        let handling = async { self.runner.run(&self.claim.payload, ctx).await };
        let caught = AssertUnwindSafe(ctx.request().clone().scope(handling)).catch_unwind();
        let outcome = match self.runner.timeout() {
            None => caught.await,
            Some(limit) => tokio::time::timeout(limit, caught).await.unwrap_or_else(|_| {
                let message = format_args!("it took more than {limit:?}");
                Ok(Err(HandlerError::retryable(message)))
            }),
        };
        outcome.unwrap_or_else(|panic| Err(HandlerError::retryable(panic_message(&*panic))))
    }

    /// What became of it, where `told` is why it was told to stop.
    fn judge(&self, ended: Ended, told: Option<Stop>) -> Option<Outcome> {
        let job = self.claim.name.as_str();
        let error = match (ended, told) {
            (Ended::With(Ok(())), _) => return Some(Outcome::Succeeded),
            (Ended::By(why), _) | (Ended::With(Err(_)), Some(why)) => return stopped(why),
            (Ended::With(Err(error)), None) => error,
        };
        let delay = self.claim.retry.delay_after(self.claim.attempt);
        let reason = shortened(error.to_string());
        match delay.filter(|_| error.is_retryable()) {
            Some(delay) => {
                let after = jittered(delay);
                metrics::counter!("czo_jobs_retries_total", "job" => job.to_owned()).increment(1);
                tracing::warn!(job, %error, ?after, "a job failed and is tried again");
                Some(Outcome::Retry { reason, after })
            }
            None => Some(dead(job, reason)),
        }
    }
}

/// What becomes of a job that stopped because it was told to.
fn stopped(why: Stop) -> Option<Outcome> {
    match why {
        Stop::Cancelled => Some(Outcome::Cancelled),
        Stop::Released => Some(Outcome::Released),
        Stop::Lost => {
            tracing::warn!("a job was lost to another worker");
            None
        }
    }
}

/// What becomes of a job whose worker was lost in its last attempt.
pub(super) fn lost_too_often(claim: &Claim) -> Option<Finished> {
    let retry: &RetryPolicy = &claim.retry;
    (claim.attempt > retry.attempts()).then(|| {
        let times = claim.attempt - 1;
        let reason = format!("it was tried {times} times, and its worker was lost the last time");
        let outcome = dead(claim.name.as_str(), reason);
        Finished { ticket: claim.ticket, outcome, progress: None }
    })
}

fn dead(job: &str, reason: String) -> Outcome {
    metrics::counter!("czo_jobs_dead_total", "job" => job.to_owned()).increment(1);
    tracing::error!(job, reason, "a job is dead");
    Outcome::Dead { reason }
}

fn name_of(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Retry { .. } => "retry",
        Outcome::Dead { .. } => "dead",
        Outcome::Cancelled => "cancelled",
        Outcome::Released => "released",
    }
}

/// Up to a quarter longer.
fn jittered(delay: Duration) -> Duration {
    // The last bits of a random UUID are as random as any; no generator for them alone.
    let [random, ..] = uuid::Uuid::new_v4().into_bytes();
    delay.saturating_add(delay.mul_f64(f64::from(random) / 1_020.0))
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the handler panicked: {}", text.unwrap_or("without a message"))
}
