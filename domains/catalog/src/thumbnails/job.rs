//! The job that fetches one image.

use std::time::Duration;

use async_trait::async_trait;
use czo_core::{HandlerError, Job, JobContext, JobHandler, JobName, RetryPolicy, describe};
use serde::{Deserialize, Serialize};

use super::Thumbnails;
use super::scale::{CONTENT_TYPE, scale};
use crate::store::{self, ThumbnailEnding, ThumbnailState};
use crate::{CatalogError, ThumbnailId};

/// The most bytes of an image that is fetched.
const MAX_IMAGE_BYTES: usize = 10 * 1024 * 1024;

/// Fetches an image and keeps a small picture of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FetchThumbnail {
    pub(super) thumbnail: ThumbnailId,
}

impl Job for FetchThumbnail {
    const NAME: JobName = JobName::from_static("catalog.fetch_thumbnail");

    fn retry() -> RetryPolicy {
        // Up to an hour: after 15, 30, 60, … seconds.
        RetryPolicy::exponential(Duration::from_secs(15), 8)
    }

    fn timeout() -> Option<Duration> {
        Some(Duration::from_secs(120))
    }
}

#[async_trait]
impl JobHandler<FetchThumbnail> for Thumbnails {
    async fn run(&self, job: FetchThumbnail, ctx: &JobContext) -> Result<(), HandlerError> {
        let database = self.context.database.primary();
        let Some(row) = store::find_thumbnail(&database, job.thumbnail).await? else {
            return Err(CatalogError::ThumbnailNotFound { id: job.thumbnail }.into());
        };
        if row.state == ThumbnailState::Done {
            return Ok(());
        }
        let made = match self.context.fetcher.get(&row.url, MAX_IMAGE_BYTES).await {
            Ok(fetched) => self.scaled(fetched.body).await,
            Err(error) => Err(error.into()),
        };
        let (ending, outcome) = match made {
            Ok(content) => (ThumbnailEnding::Done { content_type: CONTENT_TYPE, content }, Ok(())),
            // Another attempt may do better.
            Err(error)
                if error.is_retryable() && ctx.attempt() < FetchThumbnail::retry().attempts() =>
            {
                return Err(error);
            }
            Err(error) => (ThumbnailEnding::Failed(error.to_string()), Err(error)),
        };
        store::end_thumbnail(&database, row.id, ending).await?;
        outcome
    }
}

impl Thumbnails {
    /// A small picture, made in a thread of its own; few at a time, since each may take much
    /// memory.
    async fn scaled(&self, image: bytes::Bytes) -> Result<Vec<u8>, HandlerError> {
        let turn = self.decoders.clone().acquire_owned().await.map_err(HandlerError::retryable)?;
        let scaled = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            scale(&image)
        });
        match scaled.await {
            Ok(scaled) => scaled.map_err(|error| HandlerError::permanent(describe(&error))),
            Err(panic) => Err(HandlerError::permanent(format!("decoding failed: {panic}"))),
        }
    }
}
