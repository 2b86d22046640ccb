//! Where an import stands.

use chrono::{DateTime, Utc};
use czo_core::{JobId, JobRecord, JobState, Progress};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store::ImportRow;
use crate::{CatalogError, ImportId, ImportReport, ThumbnailCounts};

/// An import that is done later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// The job that does it.
    pub job_id: JobId,
    /// Where it stands.
    pub state: ImportState,
    /// How large its file is, in bytes.
    pub bytes: u64,
    /// How many rows of the file are done, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// What it did, once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ImportReport>,
    /// Why it failed. Products imported before that stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How the thumbnails of all images of the shop are getting on, those of the import among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop_thumbnails: Option<ThumbnailCounts>,
    /// When the upload began.
    pub created_at: DateTime<Utc>,
    /// When it came to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImportState {
    /// It waits for a worker, or to be tried again.
    Waiting,
    /// A worker has it.
    Running,
    /// Everything was read; the report says what became of it.
    Done,
    /// It was given up.
    Failed,
    /// Somebody cancelled it. Products imported before that stay.
    Cancelled,
}

impl Import {
    /// What the row says, or its job as long as the import has not ended.
    pub(super) fn of(row: &ImportRow, job: Option<JobRecord>) -> Result<Self, CatalogError> {
        let corrupt = |what: String| CatalogError::Corrupt {
            table: "catalog_import",
            id: row.id.to_string(),
            what,
        };
        let job_id = row.job_id.ok_or_else(|| corrupt("it has no job".to_owned()))?;
        let report = row.report.as_deref().map(serde_json::from_str).transpose();
        let report: Option<ImportReport> =
            report.map_err(|error| corrupt(format!("report: {error}")))?;
        let state = match (&row.finished_at, &report, &row.failure, &job) {
            (Some(_), Some(_), ..) => ImportState::Done,
            (Some(_), None, Some(_), _) => ImportState::Failed,
            (Some(_), None, None, _) => ImportState::Cancelled,
            (None, .., Some(job)) => state_of(job.state),
            // Somebody purged it.
            (None, ..) => ImportState::Failed,
        };
        let reason = (state == ImportState::Failed).then(|| {
            // What else a job says of its failure is for the log and for administrators.
            let unexplained = || "something went wrong here; the job knows more".to_owned();
            row.failure.clone().unwrap_or_else(unexplained)
        });
        let (progress, ended) = match job {
            Some(job) => (job.progress, job.finished_at),
            None => (None, None),
        };
        Ok(Self {
            id: row.id,
            job_id,
            state,
            bytes: u64::try_from(row.bytes).unwrap_or_default(),
            progress,
            report,
            reason,
            shop_thumbnails: None,
            created_at: row.created_at,
            finished_at: row.finished_at.or(ended),
        })
    }
}

fn state_of(job: JobState) -> ImportState {
    match job {
        JobState::Waiting => ImportState::Waiting,
        JobState::Running => ImportState::Running,
        JobState::Cancelled => ImportState::Cancelled,
        // One that succeeded without a report was never ours.
        JobState::Succeeded | JobState::Dead => ImportState::Failed,
    }
}
