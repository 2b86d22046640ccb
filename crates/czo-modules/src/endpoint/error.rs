//! Why a request to a module has no answer of it.

use std::time::Duration;

use czo_core::{Classified, ErrorKind, PermissionError};
use czo_module_package::ModuleName;
use thiserror::Error;

/// Why a request to a module has no answer of it. The message is for the caller: it says nothing of
/// what went on inside.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// No such module serves.
    #[error("there is no module `{module}`")]
    NoModule {
        /// Which.
        module: ModuleName,
    },
    /// The module has no endpoint there.
    #[error("there is nothing at `{path}` in module `{module}`")]
    NoEndpoint {
        /// Which module.
        module: ModuleName,
        /// The path below the module.
        path: String,
    },
    /// The module has an endpoint there, for other methods.
    #[error("expected one of the methods {}", allowed.join(", "))]
    Method {
        /// The methods that there are.
        allowed: Vec<String>,
    },
    /// The caller may not ask.
    #[error(transparent)]
    Permission(#[from] PermissionError),
    /// Nobody said who they are, and the endpoint is not open to everybody.
    #[error("this needs a token: send `Authorization: Bearer <token>`")]
    Unauthenticated,
    /// The shop has asked too often.
    #[error("too many requests: try again in {} s", retry_after.as_secs().max(1))]
    TooMany {
        /// When the next one is taken.
        retry_after: Duration,
    },
    /// The body is too large.
    #[error("expected a body of at most {limit} bytes")]
    TooLarge {
        /// How large it may be.
        limit: usize,
    },
    /// The module says that what was given is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The module says that there is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// The module can't now, or is just being taken out.
    #[error("module `{module}` can't answer now; try again later")]
    Unavailable {
        /// Which.
        module: ModuleName,
    },
    /// The module failed, or its answer is none.
    #[error("module `{module}` failed")]
    Failed {
        /// Which.
        module: ModuleName,
    },
    /// The module took too long, or more than it may use.
    #[error("module `{module}` was stopped: it used more than it may")]
    Stopped {
        /// Which.
        module: ModuleName,
    },
}

impl EndpointError {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NoModule { .. } | Self::NoEndpoint { .. } | Self::NotFound(_) => 404,
            Self::Method { .. } => 405,
            Self::Permission(PermissionError::Unauthenticated { .. }) | Self::Unauthenticated => {
                401
            }
            Self::Permission(PermissionError::Denied { .. }) => 403,
            Self::Permission(_) | Self::Unavailable { .. } => 503,
            Self::TooMany { .. } => 429,
            Self::TooLarge { .. } => 413,
            Self::Invalid(_) => 422,
            Self::Failed { .. } => 502,
            Self::Stopped { .. } => 504,
        }
    }
}

impl Classified for EndpointError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoModule { .. } | Self::NoEndpoint { .. } | Self::NotFound(_) => {
                ErrorKind::NotFound
            }
            Self::Method { .. } | Self::TooLarge { .. } | Self::Invalid(_) => ErrorKind::Invalid,
            Self::Permission(error) => error.kind(),
            Self::Unauthenticated => ErrorKind::Unauthenticated,
            Self::TooMany { .. }
            | Self::Unavailable { .. }
            | Self::Failed { .. }
            | Self::Stopped { .. } => ErrorKind::Unavailable,
        }
    }

    /// A module that failed or was stopped fails again.
    fn is_retryable(&self) -> bool {
        matches!(self, Self::TooMany { .. } | Self::Unavailable { .. })
    }
}
