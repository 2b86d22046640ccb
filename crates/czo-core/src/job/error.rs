//! Why a job queue did not do as asked.

use std::error::Error;

use thiserror::Error;

use super::JobName;
use crate::{Classified, ErrorKind, JobId};

/// Why a job queue did not do as asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JobError {
    /// The payload has no JSON form.
    #[error("the payload of `{name}` cannot be written as JSON")]
    Payload {
        /// The job it was for.
        name: JobName,
        /// Why not.
        source: serde_json::Error,
    },
    /// A unique key that can't be one.
    #[error(
        "the unique key of `{name}` must have 1 to {} bytes and no control characters",
        super::UNIQUE_KEY_MAX
    )]
    UniqueKey {
        /// The job it was for.
        name: JobName,
    },
    /// So many jobs wait that no more is taken for now.
    #[error("{waiting} jobs wait, and no more is taken for now")]
    Full {
        /// How many wait.
        waiting: usize,
    },
    /// The queue has been shut down.
    #[error("the job queue is shut down")]
    Closed,
    /// Where jobs are kept does not answer. Whether it did what was asked is unknown.
    #[error("the job queue is out of reach")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Where jobs are kept refused what was asked.
    #[error("the job queue did not do what was asked")]
    Store(#[source] Box<dyn Error + Send + Sync>),
    /// What is stored of a job can't be read.
    #[error("job {id} cannot be read: {what}")]
    Corrupt {
        /// Which.
        id: JobId,
        /// What is wrong with it.
        what: String,
    },
}

impl JobError {
    /// What a store said, by its kind. For providers.
    #[must_use]
    pub fn store<E: Classified>(error: E) -> Self {
        if error.is_retryable() {
            Self::Unavailable(Box::new(error))
        } else {
            Self::Store(Box::new(error))
        }
    }
}

impl Classified for JobError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Payload { .. } | Self::UniqueKey { .. } => ErrorKind::Invalid,
            Self::Full { .. } | Self::Closed | Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Store(_) | Self::Corrupt { .. } => ErrorKind::Internal,
        }
    }

    fn is_retryable(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Unavailable(_))
    }
}
