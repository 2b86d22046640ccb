//! Why something was not fetched.

use std::error::Error;
use std::time::Duration;

use czo_core::{Classified, ErrorKind};
use thiserror::Error;

/// Why something was not fetched.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The URL is none that is fetched.
    #[error("the URL cannot be fetched: {reason}")]
    Url {
        /// Why not.
        reason: &'static str,
    },
    /// The host is not on the public internet. Which address it has is not told: whoever asked is
    /// not to learn about the network here.
    #[error("`{host}` is not on the public internet")]
    Refused {
        /// The host.
        host: String,
    },
    /// The host has no address, or nobody who knows it answers.
    #[error("`{host}` has no address")]
    Unresolved {
        /// The host.
        host: String,
        /// What was answered.
        source: std::io::Error,
    },
    /// There was no connection, or it broke.
    #[error("the connection failed")]
    Connection(#[source] Box<dyn Error + Send + Sync>),
    /// It took too long.
    #[error("there was no whole answer within {} s", after.as_secs_f32())]
    Timeout {
        /// How long it may take.
        after: Duration,
    },
    /// One address led to another too often.
    #[error("there were more than {limit} redirects")]
    Redirects {
        /// How many are followed.
        limit: usize,
    },
    /// The answer has a status other than success.
    #[error("the answer was status {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// The body is larger than it may be.
    #[error("the answer has more than {limit} bytes")]
    TooLarge {
        /// How large it may be.
        limit: usize,
    },
}

impl Classified for FetchError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Url { .. } | Self::Redirects { .. } | Self::TooLarge { .. } => ErrorKind::Invalid,
            Self::Refused { .. } => ErrorKind::Forbidden,
            Self::Status { status: 404 | 410 } => ErrorKind::NotFound,
            Self::Unresolved { .. }
            | Self::Connection(_)
            | Self::Timeout { .. }
            | Self::Status { .. } => ErrorKind::Unavailable,
        }
    }

    /// Whether another time may be better: not for a refusal, nor for a status that blames the
    /// request, except for 408, 425 and 429.
    fn is_retryable(&self) -> bool {
        match self {
            Self::Unresolved { .. } | Self::Connection(_) | Self::Timeout { .. } => true,
            Self::Status { status } => matches!(status, 408 | 425 | 429 | 500..),
            _ => false,
        }
    }
}
