//! The job that does an import.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    Classified, ErrorKind, HandlerError, Job, JobContext, JobHandler, JobName, Progress,
    RetryPolicy,
};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::{Imports, upload};
use crate::store::{Ending, ImportRow};
use crate::{CatalogError, CsvFileError, ImportId, ImportReport, store};

/// Imports the file that was stored for an import.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImportProducts {
    pub(super) import: ImportId,
}

impl Job for ImportProducts {
    const NAME: JobName = JobName::from_static("catalog.import_products");

    fn retry() -> RetryPolicy {
        // After 5, 10, 20, … seconds; processes that are replaced count, too.
        RetryPolicy::exponential(Duration::from_secs(5), 8)
    }
}

#[async_trait]
impl JobHandler<ImportProducts> for Imports {
    async fn run(&self, job: ImportProducts, ctx: &JobContext) -> Result<(), HandlerError> {
        let database = self.products.context().database.primary();
        let shop = ctx.request().shop().map_err(HandlerError::permanent)?;
        let row = store::find_import(&database, shop, job.import).await?;
        let row = row.ok_or(CatalogError::ImportNotFound { id: job.import })?;
        if row.finished_at.is_some() {
            // By an attempt that died before it could say so.
            return match row.failure {
                Some(why) => Err(HandlerError::permanent(why)),
                None => Ok(()),
            };
        }
        let import = Box::pin(self.import_stored(ctx, &row));
        let outcome = tokio::select! {
            biased;
            outcome = import => outcome,
            // The file stays: it may be that another worker has the job now.
            () = ctx.cancelled() => return Err(HandlerError::retryable("it was cancelled")),
        };
        let (ending, outcome) = match outcome {
            Ok(report) => {
                let report = serde_json::to_string(&report).map_err(HandlerError::permanent)?;
                (Ending::Done(report), Ok(()))
            }
            // It lies here whole, so it is not the file that failed.
            Err(CatalogError::File(error @ CsvFileError::Read(_))) => {
                return Err(HandlerError::retryable(czo_core::describe(&error)));
            }
            // What is wrong with a file is for whoever handed it in, and no trouble of the server.
            Err(CatalogError::File(error)) => (Ending::Failed(told(&error)), Ok(())),
            Err(error) if error.is_retryable() || error.kind() == ErrorKind::Internal => {
                return Err(error.into());
            }
            Err(error) => (Ending::Failed(told(&error)), Err(error.into())),
        };
        store::end_import(&database, row.id, ending).await?;
        outcome
    }
}

/// An error as the import tells it. PostgreSQL has no text with a zero in it.
fn told(error: &dyn std::error::Error) -> String {
    error.to_string().replace('\0', "\u{fffd}")
}

impl Imports {
    async fn import_stored(
        &self,
        ctx: &JobContext,
        row: &ImportRow,
    ) -> Result<ImportReport, CatalogError> {
        let read = Arc::new(AtomicU64::new(0));
        let counter = read.clone();
        let database = self.products.context().database.primary();
        let file = upload::read(database, row.id, row.chunks).inspect_ok(move |chunk| {
            let bytes = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            counter.fetch_add(bytes, Ordering::Relaxed);
        });
        let input = SyncIoBridge::new(StreamReader::new(Box::pin(file)));
        let bytes = u64::try_from(row.bytes).unwrap_or_default().max(1);
        let progress = |report: &ImportReport| {
            let percent = read.load(Ordering::Relaxed).saturating_mul(100) / bytes;
            let progress = Progress::new(report.rows(), None);
            ctx.report(progress.note(format!("{percent} % of the file are read")));
        };
        self.products.import(ctx.request(), input, progress).await
    }
}
