//! What can go wrong with Redis.

use std::error::Error;

use czo_core::{Classified, ErrorKind, JobError};
use czo_redis::RedisError;
use thiserror::Error;

/// What can go wrong with Redis. None of it holds a password.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RedisJobsError {
    /// A prefix that keys can't have.
    #[error("a prefix of keys has 1 to 100 visible ASCII characters, and no `{{` and `}}`")]
    Prefix,
    /// The server does not answer, or does not let us in.
    #[error("redis at {server} cannot be reached: check that it runs there, and user and password")]
    Unreachable {
        /// Where it was looked for.
        server: String,
        /// What the client said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The connection was lost, the answer took too long, or the server can't do it now.
    #[error("redis does not answer")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The server has reached its limit of memory. Jobs that it has are still given out.
    #[error("redis is full: raise its `maxmemory`, or purge jobs that ended")]
    Full(#[source] Box<dyn Error + Send + Sync>),
    /// The server refused.
    #[error("redis did not do what was asked")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// An answer that the scripts of this version don't give.
    #[error("redis answered something else than {expected}")]
    Answer {
        /// What was expected.
        expected: &'static str,
    },
}

impl From<RedisError> for RedisJobsError {
    fn from(error: RedisError) -> Self {
        match error {
            RedisError::Unreachable { server, source } => {
                Self::Unreachable { server, source: Box::new(source) }
            }
            RedisError::Lost(source) | RedisError::Busy(source) => {
                Self::Unavailable(Box::new(source))
            }
            RedisError::Full(source) => Self::Full(Box::new(source)),
            RedisError::Refused(source) => Self::Refused(Box::new(source)),
            error if error.is_retryable() => Self::Unavailable(Box::new(error)),
            error => Self::Refused(Box::new(error)),
        }
    }
}

impl Classified for RedisJobsError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Prefix => ErrorKind::Invalid,
            Self::Unreachable { .. } | Self::Unavailable(_) | Self::Full(_) => {
                ErrorKind::Unavailable
            }
            Self::Refused(_) | Self::Answer { .. } => ErrorKind::Internal,
        }
    }
}

impl From<RedisJobsError> for JobError {
    fn from(error: RedisJobsError) -> Self {
        Self::store(error)
    }
}
