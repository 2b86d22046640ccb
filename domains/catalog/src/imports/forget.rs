//! What is left of imports does not stay for ever.

use std::time::Duration;

use async_trait::async_trait;
use czo_core::{HandlerError, Job, JobContext, JobHandler, JobName, JobQueue, JobState};
use serde::{Deserialize, Serialize};

use super::Imports;
use crate::store::{self, Ending};
use crate::{CatalogError, ImportId};

/// How long an import is known, with its report.
const KEEP: Duration = Duration::from_secs(7 * 24 * 3_600);

/// How long an upload may take.
const UPLOAD: Duration = Duration::from_secs(24 * 3_600);

/// How many are looked at in one step.
const BATCH: u64 = 100;

/// Forgets old imports, and the files of those that nobody will do.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ForgetImports {}

impl Job for ForgetImports {
    const NAME: JobName = JobName::from_static("catalog.forget_imports");
}

#[async_trait]
impl JobHandler<ForgetImports> for Imports {
    async fn run(&self, _: ForgetImports, ctx: &JobContext) -> Result<(), HandlerError> {
        while !ctx.is_cancelled() {
            if self.forget_old().await? < BATCH {
                break;
            }
        }
        let mut after = None;
        while !ctx.is_cancelled() {
            after = self.end_cancelled(after).await?;
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }
}

impl Imports {
    /// Forgets some imports that are a week old, or whose upload broke off; says how many.
    async fn forget_old(&self) -> Result<u64, CatalogError> {
        let database = &self.products.context().database;
        let now = database.now();
        store::delete_old_imports(database, now - KEEP, now - UPLOAD, BATCH).await
    }

    /// Ends some imports whose job was cancelled before it could do that itself; says up to which
    /// one it looked, if there may be more. The file of one whose job is dead stays: it may be
    /// retried.
    async fn end_cancelled(
        &self,
        after: Option<ImportId>,
    ) -> Result<Option<ImportId>, CatalogError> {
        let context = self.products.context();
        let some = store::unfinished_imports(&context.database, after, BATCH).await?;
        for (import, job) in &some {
            let job = context.jobs.get(*job).await?;
            if job.is_some_and(|job| job.state == JobState::Cancelled) {
                store::end_import(&context.database, *import, Ending::Cancelled).await?;
            }
        }
        Ok(some.last().map(|(import, _)| *import))
    }
}
