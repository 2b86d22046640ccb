//! What a worker runs for a job.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Job, JobContext};
use crate::HandlerError;

/// What a worker runs for the jobs of one kind.
///
/// **Delivery.** At least once: a worker that dies, or that the store believes dead, may have done
/// a part of the job or all of it, and it runs again. So do it in a way that may be done twice.
///
/// **Failure.** An error is tried again by the job's [`RetryPolicy`](crate::RetryPolicy); after the
/// last attempt, or at once when it is [permanent](HandlerError::permanent), the job is dead. A
/// panic, and more time than [`Job::timeout`], is an error like any other.
///
/// **Cancellation.** The future is dropped at an await when the job is cancelled and the handler
/// does not stop by itself, when its time is over, and when the worker has to end. What must not be
/// interrupted belongs into a task of its own.
#[async_trait]
pub trait JobHandler<J: Job>: Send + Sync + 'static {
    /// Does the job.
    async fn run(&self, job: J, ctx: &JobContext) -> Result<(), HandlerError>;
}

#[async_trait]
impl<J: Job, H: JobHandler<J> + ?Sized> JobHandler<J> for Arc<H> {
    async fn run(&self, job: J, ctx: &JobContext) -> Result<(), HandlerError> {
        (**self).run(job, ctx).await
    }
}

/// A handler made of a function.
pub fn job_fn<J, H, F>(function: H) -> impl JobHandler<J>
where
    J: Job,
    H: Fn(J, JobContext) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    JobFn(function)
}

struct JobFn<H>(H);

#[async_trait]
impl<J, H, F> JobHandler<J> for JobFn<H>
where
    J: Job,
    H: Fn(J, JobContext) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    async fn run(&self, job: J, ctx: &JobContext) -> Result<(), HandlerError> {
        (self.0)(job, ctx.clone()).await
    }
}
