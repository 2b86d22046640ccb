//! Events that are emitted later, tried again, and kept in a queue.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    HandlerError, Job, JobContext, JobError, JobHandler, JobId, JobQueue, JobQueueExt, NewJob,
    Priority, RequestContext, RetryPolicy,
};
use tokio::task::JoinHandle;

use super::{EmitReport, EventEmitter};

/// How an event is emitted later.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct EmitOptions {
    /// How long to wait first. Default not at all.
    pub after: Duration,
    /// When it is emitted again because a handler failed. Default that of [`Job::retry`].
    pub retry: Option<RetryPolicy>,
    /// How urgent it is among what is due in the queue. Default [`Priority::Normal`]. In this
    /// process it changes nothing: what is due is emitted at once.
    pub priority: Priority,
    /// On whose behalf. Default [`RequestContext::current`].
    pub context: Option<RequestContext>,
}

impl EmitOptions {
    /// After this long.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }

    /// Again by this schedule when a handler fails; [`RetryPolicy::exponential`] is one.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// More or less urgent than others.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// On behalf of whoever asks.
    #[must_use]
    pub fn by(mut self, ctx: &RequestContext) -> Self {
        self.context = Some(ctx.clone());
        self
    }
}

/// Who has an event that is emitted later.
#[derive(Debug)]
#[non_exhaustive]
pub enum Emitted {
    /// The queue, as this job.
    Queued(JobId),
    /// A task of this process, which ends with the report of the last attempt, and with the
    /// process. It need not be waited for.
    InProcess(JoinHandle<EmitReport>),
}

impl EventEmitter {
    /// The same emitter, whose [`emit_async_with`](Self::emit_async_with) hands events to this
    /// queue. Clones made before have none.
    #[must_use]
    pub fn with_queue(mut self, queue: Arc<dyn JobQueue>) -> Self {
        self.queue = Some(queue);
        self
    }

    /// Emits later: after a delay, and again by a schedule when a handler fails.
    ///
    /// **With a [queue](Self::with_queue)** the event is a job: it has that queue's promise and
    /// priority, and a worker of any process that has an emitter as the job's handler emits it:
    /// `Worker::new(…).handle::<PriceChanged, _>(emitter.clone())`. **Without one** a task of this
    /// process does, from which a failure that is not tried again is only in the report.
    ///
    /// When a handler fails, *all* are called again, also those that went well; so each does what
    /// may be done twice. A failure that is permanent for all who failed is not tried again.
    ///
    /// # Errors
    ///
    /// When the queue does not take it. Without a queue there are none.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, when there is no queue.
    pub async fn emit_async_with<E: Job>(
        &self,
        event: E,
        options: EmitOptions,
    ) -> Result<Emitted, JobError> {
        let EmitOptions { after, retry, priority, context } = options;
        let retry = retry.unwrap_or_else(E::retry);
        let context = context.or_else(RequestContext::current);
        let Some(queue) = &self.queue else {
            let emitting = self.clone().emit_again(Arc::new(event), after, retry);
            return Ok(Emitted::InProcess(tokio::spawn(async move {
                match context {
                    Some(context) => context.scope(emitting).await,
                    None => emitting.await,
                }
            })));
        };
        let mut job = NewJob::of(&event)?.after(after).priority(priority).retry(retry);
        job.context = context;
        Ok(Emitted::Queued(queue.enqueue_one(job).await?.id))
    }

    /// Emits until nobody fails, or it is enough.
    async fn emit_again<E: Job>(
        self,
        event: Arc<E>,
        after: Duration,
        retry: RetryPolicy,
    ) -> EmitReport {
        tokio::time::sleep(after).await;
        let mut attempt = 1;
        loop {
            let report = self.emit_shared(&event).await;
            let may_help = report.errors.iter().any(HandlerError::is_retryable);
            match retry.delay_after(attempt).filter(|_| may_help) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return report,
            }
            attempt += 1;
        }
    }
}

impl EmitReport {
    /// All failures as one, which may help to try again if one of them may.
    ///
    /// # Errors
    ///
    /// When a handler failed.
    pub fn into_result(self) -> Result<(), HandlerError> {
        if self.is_ok() {
            return Ok(());
        }
        let message = Failures { handled: self.handled, errors: &self.errors }.to_string();
        if self.errors.iter().any(HandlerError::is_retryable) {
            Err(HandlerError::retryable(message))
        } else {
            Err(HandlerError::permanent(message))
        }
    }
}

struct Failures<'r> {
    handled: usize,
    errors: &'r [HandlerError],
}

impl fmt::Display for Failures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} handlers failed", self.errors.len(), self.handled)?;
        for (place, error) in self.errors.iter().enumerate() {
            write!(f, "{} {error}", if place == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

/// As the handler of a job, an emitter emits it. Where nobody listens the job has failed and is
/// tried again: it has not been done.
#[async_trait]
impl<E: Job> JobHandler<E> for EventEmitter {
    async fn run(&self, event: E, _ctx: &JobContext) -> Result<(), HandlerError> {
        let report = self.emit(event).await;
        if report.handled == 0 {
            // It was enqueued for somebody, who may be in another process or version.
            let message = format_args!("nobody listens for `{}` in this process", E::NAME);
            return Err(HandlerError::retryable(message));
        }
        report.into_result()
    }
}
