//! Removes what apps leave over.

use async_trait::async_trait;
use czo_apps::AppRegistry;
use czo_core::{HandlerError, Job, JobContext, JobHandler, JobName, NewJob};
use czo_domain::Registration;
use serde::{Deserialize, Serialize};

use crate::RuntimeError;

/// When: once an hour, at a time that few others choose.
const PATTERN: &str = "41 * * * *";

/// Removes installations that were never finished, secrets and tokens that no longer count, and what
/// was sent to apps that are uninstalled.
#[derive(Serialize, Deserialize)]
struct SweepApps {}

impl Job for SweepApps {
    const NAME: JobName = JobName::from_static("runtime.sweep_apps");
}

struct Sweeper(AppRegistry);

/// Hands in the job and its schedule.
///
/// # Errors
///
/// Never: an empty job has a JSON form.
pub(crate) fn keep_tidy(
    own: &mut Registration,
    registry: &AppRegistry,
) -> Result<(), RuntimeError> {
    let job = NewJob::of(&SweepApps {})?.unique("all");
    own.job(Sweeper(registry.clone())).schedule(SweepApps::NAME, PATTERN, job);
    Ok(())
}

#[async_trait]
impl JobHandler<SweepApps> for Sweeper {
    async fn run(&self, _: SweepApps, _: &JobContext) -> Result<(), HandlerError> {
        let swept = self.0.sweep().await?;
        tracing::debug!(?swept, "what apps left over is removed");
        Ok(())
    }
}
