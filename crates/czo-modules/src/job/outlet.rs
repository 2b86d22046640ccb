//! A module enqueues a job of its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{Classified, JobQueue, JobQueueExt, NewJob, describe};

use super::{ModuleWork, RunModuleJob};
use crate::{CallScope, HostError, JobOutlet};

/// The longest time that a job may be put off: a year.
const MOST: Duration = Duration::from_secs(366 * 24 * 3_600);

/// Enqueues jobs of modules in the program's queue.
pub(crate) struct EnqueueJobs {
    pub(crate) jobs: Arc<dyn JobQueue>,
}

#[async_trait]
impl JobOutlet for EnqueueJobs {
    async fn enqueue(
        &self,
        scope: &CallScope,
        job: &str,
        data: String,
        delay: Duration,
    ) -> Result<String, HostError> {
        if delay > MOST {
            let days = MOST.as_secs() / 86_400;
            return Err(HostError::Limit(format!("a job is put off for at most {days} days")));
        }
        let work = ModuleWork::Job { name: job.to_owned(), data };
        let job = RunModuleJob { module: scope.module.clone(), work };
        let job = NewJob::of(&job).map_err(|error| told(&error))?.by(&scope.context).after(delay);
        let enqueued = self.jobs.enqueue_one(job).await.map_err(|error| told(&error))?;
        Ok(enqueued.id.to_string())
    }
}

/// What the module is told: nothing of what went on inside.
fn told<E: Classified>(error: &E) -> HostError {
    tracing::warn!(error = describe(error), "a job of a module was not enqueued");
    HostError::Unavailable("the job was not enqueued; try again later".to_owned())
}
