//! Jobs of modules at certain times.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use croner::Cron;
use czo_core::{HandlerError, JobError, JobName, JobSlots, NewJob, describe};
use czo_module_package::{ModuleJob, ModuleName};

use super::{ModuleWork, RunModuleJob};
use crate::active::Active;

/// Enqueues what schedules of modules say. Each time is enqueued once on a whole cluster: the queue
/// remembers the last one of each schedule. Of times that were missed, the last one is made up for.
#[derive(Clone)]
pub(crate) struct Timetable {
    pub(crate) active: Active,
    pub(crate) slots: Arc<dyn JobSlots>,
}

impl Timetable {
    /// Enqueues what is due.
    pub(crate) async fn tick(&self) -> Result<(), HandlerError> {
        for (module, active) in &*self.active.now() {
            for job in &active.manifest.jobs {
                let Some(schedule) = &job.schedule else { continue };
                // One that fails keeps no other from its turn.
                if let Err(error) = self.look(module, job, schedule).await {
                    let (job, error) = (job.name.as_str(), describe(&error));
                    tracing::warn!(%module, job, error, "a job of a module was not enqueued in time");
                }
            }
        }
        Ok(())
    }

    async fn look(
        &self,
        module: &ModuleName,
        job: &ModuleJob,
        schedule: &str,
    ) -> Result<(), JobError> {
        let Ok(pattern) = Cron::from_str(schedule) else {
            // Validation lets no such manifest in.
            tracing::error!(%module, job = job.name, "the schedule of a job is none");
            return Ok(());
        };
        let Some(name) = slot_name(module, &job.name) else {
            tracing::error!(%module, job = job.name, "a schedule can't be remembered by this name");
            return Ok(());
        };
        let last = self.slots.last_slot(&name).await?;
        let now = last.now.trunc_subsecs(0);
        let due: Option<DateTime<Utc>> = pattern.find_previous_occurrence(&now, true).ok();
        let Some(slot) = due.filter(|slot| *slot > last.slot) else { return Ok(()) };
        let work = ModuleWork::Job { name: job.name.clone(), data: "null".to_owned() };
        let job = NewJob::of(&RunModuleJob { module: module.clone(), work })?;
        self.slots.enqueue_slot(&name, slot, job).await?;
        Ok(())
    }
}

/// What a schedule is remembered by: of two words, so that those of `a-b` with `c` and of `a` with `b-c`
/// are apart.
fn slot_name(module: &ModuleName, job: &str) -> Option<JobName> {
    let words = |text: &str| text.replace('-', "_");
    format!("module_{}.{}", words(module.as_str()), words(job)).parse().ok()
}
