//! What can go wrong with a Redis.

use czo_core::{Classified, ErrorKind};
use fred::error::{Error, ErrorKind as Kind};

/// What can go wrong with a Redis. None of it holds a password.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    /// The server does not answer, or does not let us in.
    #[error("redis at {server} cannot be reached: check that it runs there, and user and password")]
    Unreachable {
        /// Where it was looked for.
        server: String,
        /// What the client said.
        source: Error,
    },
    /// The connection was lost, or the answer took too long. What was asked may have been done.
    #[error("redis does not answer")]
    Lost(#[source] Error),
    /// The server can't do it now, and has not done it: it loads its data, was made a replica, or
    /// its cluster moves.
    #[error("redis cannot do it now")]
    Busy(#[source] Error),
    /// The server has reached its limit of memory, and takes nothing new.
    #[error("redis is full: raise its `maxmemory`")]
    Full(#[source] Error),
    /// The server refused.
    #[error("redis did not do what was asked")]
    Refused(#[source] Error),
}

/// What a server says that can't do it now, but may a moment later: it loads its data, runs a long
/// script, was made a replica, lost its replicas or its disk, or its cluster moves.
const LATER: [&str; 9] = [
    "LOADING",
    "BUSY",
    "READONLY",
    "MASTERDOWN",
    "NOREPLICAS",
    "MISCONF",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "UNBLOCKED",
];

/// What a client says that had nowhere to send a command. It has no kind for that.
const UNSENT: [&str; 2] = ["Failed to route command", "Failed to send command to router"];

/// The first word of what the server said.
fn code(error: &Error) -> &str {
    error.details().split_whitespace().next().unwrap_or_default()
}

/// Whether a script is not known to the server (any more).
pub(crate) fn is_unknown_script(error: &Error) -> bool {
    code(error) == "NOSCRIPT"
}

impl RedisError {
    /// There is no connection any more.
    pub(crate) fn lost() -> Self {
        Self::Lost(Error::new(Kind::IO, "the connection was lost"))
    }
}

/// What a client's error means for whoever asked.
impl From<Error> for RedisError {
    fn from(error: Error) -> Self {
        let is_unsent = UNSENT.iter().any(|text| error.details().starts_with(text));
        match (code(&error), error.kind()) {
            ("OOM", _) => Self::Full(error),
            (code, _) if LATER.contains(&code) => Self::Busy(error),
            (_, Kind::Cluster | Kind::Backpressure) => Self::Busy(error),
            (_, Kind::IO | Kind::Timeout | Kind::Canceled | Kind::Routing | Kind::Sentinel) => {
                Self::Lost(error)
            }
            _ if is_unsent => Self::Lost(error),
            _ => Self::Refused(error),
        }
    }
}

impl Classified for RedisError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable { .. } | Self::Lost(_) | Self::Busy(_) | Self::Full(_) => {
                ErrorKind::Unavailable
            }
            Self::Refused(_) => ErrorKind::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &'static str) -> RedisError {
        Error::new(Kind::Unknown, text).into()
    }

    #[test]
    fn a_server_that_is_full_or_busy_may_be_asked_again() {
        let full = said(
            "OOM command not allowed when used memory > 'maxmemory'. script: f_1, on @user_script:1.",
        );
        assert!(matches!(full, RedisError::Full(_)) && full.is_retryable(), "{full:?}");
        for text in [
            "LOADING Redis is loading the dataset in memory",
            "READONLY You can't write against a read only replica.",
            "MISCONF Redis is configured to save RDB snapshots, but it's unable to persist",
        ] {
            let busy = said(text);
            assert!(matches!(busy, RedisError::Busy(_)) && busy.is_retryable(), "{text}");
        }
    }

    #[test]
    fn a_command_that_found_no_connection_may_be_sent_again() {
        for text in ["Failed to route command.", "Failed to send command to router."] {
            let lost = said(text);
            assert!(matches!(lost, RedisError::Lost(_)) && lost.is_retryable(), "{text}");
        }
    }

    #[test]
    fn what_a_server_will_always_refuse_is_not_retryable() {
        for text in ["ERR unknown command 'EVALSHA'", "NOPERM this user has no permissions"] {
            let refused = said(text);
            assert!(matches!(refused, RedisError::Refused(_)) && !refused.is_retryable(), "{text}");
        }
    }
}
