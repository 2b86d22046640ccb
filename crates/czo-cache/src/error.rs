//! What can go wrong.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{Classified, ErrorKind};
use thiserror::Error;

/// Why a value could not be loaded. All who waited for the load get the same.
///
/// The cache itself is never the reason: what it can't do, it does without.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The load failed.
    #[error(transparent)]
    Failed(Arc<E>),
    /// The load took longer than [`hard_timeout`](crate::EntryOptions::hard_timeout). It goes on,
    /// and what it finds is kept.
    #[error("loading took longer than {0:?}")]
    TimedOut(Duration),
    /// The load panicked, or was dropped after three times the time.
    #[error("loading ended without a result")]
    Abandoned,
}

impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(error.clone()),
            Self::TimedOut(after) => Self::TimedOut(*after),
            Self::Abandoned => Self::Abandoned,
        }
    }
}

impl<E: Classified> Classified for LoadError<E> {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Failed(error) => error.kind(),
            Self::TimedOut(_) => ErrorKind::Unavailable,
            Self::Abandoned => ErrorKind::Internal,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Failed(error) => error.is_retryable(),
            Self::TimedOut(_) => true,
            Self::Abandoned => false,
        }
    }
}

/// Text that can't be the name of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "a namespace cannot be named `{name}`: use 1 to 100 letters, digits, dots, dashes and underscores, and no more than 1,000 with all that it is in"
)]
pub struct NameError {
    pub(crate) name: String,
}
