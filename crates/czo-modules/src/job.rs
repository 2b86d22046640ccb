//! What modules do later, or again and again.

mod outlet;
mod payload;
mod run;
mod tick;

pub(crate) use self::outlet::EnqueueJobs;
pub use self::payload::{ModuleWork, RunModuleJob, TickModules};
pub(crate) use self::run::JobRunner;
pub(crate) use self::tick::Timetable;

use async_trait::async_trait;
use czo_core::{HandlerError, JobContext, JobHandler};

use crate::Modules;

#[async_trait]
impl JobHandler<RunModuleJob> for Modules {
    async fn run(&self, job: RunModuleJob, ctx: &JobContext) -> Result<(), HandlerError> {
        self.shared.jobs.run(job, ctx).await
    }
}

#[async_trait]
impl JobHandler<TickModules> for Modules {
    async fn run(&self, _: TickModules, _: &JobContext) -> Result<(), HandlerError> {
        self.shared.timetable.tick().await
    }
}
