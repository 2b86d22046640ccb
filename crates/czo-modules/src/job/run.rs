//! A job of a module is done.

use czo_core::{DomainEvent, HandlerError, JobContext};

use super::{ModuleWork, RunModuleJob};
use crate::active::{Active, Entered};
use crate::{CallError, Export, JobRun};

/// Does jobs of modules, with whichever generation serves.
#[derive(Clone)]
pub(crate) struct JobRunner {
    pub(crate) active: Active,
}

impl JobRunner {
    pub(crate) async fn run(
        &self,
        job: RunModuleJob,
        ctx: &JobContext,
    ) -> Result<(), HandlerError> {
        let RunModuleJob { module, work } = job;
        let Some(entered) = self.active.enter(&module) else {
            // It may be enabled again before the last attempt.
            return Err(HandlerError::retryable(format_args!("module `{module}` does not serve")));
        };
        match work {
            ModuleWork::Job { name, data } => {
                if !entered.manifest.jobs.iter().any(|it| it.name == name) {
                    let problem = format!("module `{module}` has no job `{name}` any more");
                    return Err(HandlerError::permanent(problem));
                }
                let context = ctx.request().clone();
                let run = JobRun { job: name, attempt: ctx.attempt(), data, context };
                let answer = match entered.sandbox(Export::JobHandler.interface()) {
                    Ok(sandbox) => sandbox.run_job(run).await,
                    Err(error) => Err(error),
                };
                Ok(entered.judged("a job", answer)?)
            }
            ModuleWork::Event { event } => {
                let event = serde_json::from_str(&event).map_err(HandlerError::permanent)?;
                Ok(entered.judged("an event", on_event(&entered, &event).await)?)
            }
        }
    }
}

async fn on_event(entered: &Entered, event: &DomainEvent) -> Result<(), CallError> {
    entered.sandbox(Export::EventHandler.interface())?.on_event(event).await
}
