//! Why the outbox did not do as asked.

use czo_core::{BusError, Classified, ErrorKind, TopicPatternError};
use czo_repo::DatabaseError;
use sea_orm::DbErr;
use thiserror::Error;

/// Why the outbox did not do as asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The database can't be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The bus can't be used.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// A pattern is malformed.
    #[error(transparent)]
    Pattern(#[from] TopicPatternError),
}

impl From<DbErr> for OutboxError {
    fn from(error: DbErr) -> Self {
        DatabaseError::from(error).into()
    }
}

impl Classified for OutboxError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Database(error) => error.kind(),
            Self::Bus(error) => error.kind(),
            Self::Pattern(_) => ErrorKind::Invalid,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Database(error) => error.is_retryable(),
            Self::Bus(error) => error.is_retryable(),
            Self::Pattern(_) => false,
        }
    }
}
