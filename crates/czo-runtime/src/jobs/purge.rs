//! Deletes what has ended.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    HandlerError, Job, JobAdmin, JobContext, JobFilter, JobHandler, JobName, JobState, NewJob,
};
use czo_domain::Registration;
use serde::{Deserialize, Serialize};

use crate::RuntimeError;

/// How many jobs one statement deletes.
const BATCH: usize = 1_000;

/// When: once an hour, at a time that few others choose.
const PATTERN: &str = "23 * * * *";

/// Deletes jobs that succeeded or were cancelled a while ago. Dead ones wait for people.
#[derive(Serialize, Deserialize)]
struct PurgeJobs {}

impl Job for PurgeJobs {
    const NAME: JobName = JobName::from_static("runtime.purge_jobs");
}

struct Purger {
    admin: Arc<dyn JobAdmin>,
    keep: Duration,
}

/// Hands in the job and its schedule.
///
/// # Errors
///
/// Never: an empty job has a JSON form.
pub(crate) fn keep_tidy(
    own: &mut Registration,
    admin: Arc<dyn JobAdmin>,
    keep: Duration,
) -> Result<(), RuntimeError> {
    let job = NewJob::of(&PurgeJobs {})?.unique("all");
    own.job(Purger { admin, keep }).schedule(PurgeJobs::NAME, PATTERN, job);
    Ok(())
}

#[async_trait]
impl JobHandler<PurgeJobs> for Purger {
    async fn run(&self, _: PurgeJobs, ctx: &JobContext) -> Result<(), HandlerError> {
        let states = [JobState::Succeeded, JobState::Cancelled];
        let old = JobFilter::all().finished_for(self.keep);
        let old = states.into_iter().fold(old, JobFilter::state);
        let mut purged = 0;
        while !ctx.is_cancelled() {
            let some = self.admin.purge(&old, BATCH).await?;
            purged += some as u64;
            ctx.progress(purged, None);
            if some < BATCH {
                break;
            }
        }
        Ok(())
    }
}
