//! Handlers of any job.

use std::marker::PhantomData;
use std::time::Duration;

use czo_core::{HandlerError, Job, JobContext, JobHandler};
use futures_util::future::BoxFuture;

/// A handler whose kind of job is forgotten.
pub(super) trait Runner: Send + Sync {
    fn run<'a>(
        &'a self,
        payload: &'a str,
        ctx: &'a JobContext,
    ) -> BoxFuture<'a, Result<(), HandlerError>>;

    fn timeout(&self) -> Option<Duration>;
}

pub(super) struct Typed<J, H> {
    handler: H,
    job: PhantomData<fn(J)>,
}

impl<J, H> Typed<J, H> {
    pub(super) fn new(handler: H) -> Self {
        Self { handler, job: PhantomData }
    }
}

impl<J: Job, H: JobHandler<J>> Runner for Typed<J, H> {
    fn run<'a>(
        &'a self,
        payload: &'a str,
        ctx: &'a JobContext,
    ) -> BoxFuture<'a, Result<(), HandlerError>> {
        match serde_json::from_str(payload) {
            Ok(job) => self.handler.run(job, ctx),
            Err(error) => {
                let error = HandlerError::permanent(format_args!(
                    "its payload is not that of `{}`: {error}",
                    J::NAME
                ));
                Box::pin(async { Err(error) })
            }
        }
    }

    fn timeout(&self) -> Option<Duration> {
        J::timeout()
    }
}
