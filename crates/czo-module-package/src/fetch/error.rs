//! Why a package can't be fetched.

use std::time::Duration;

use czo_core::{Classified, ErrorKind};
use thiserror::Error;

/// Why a package can't be fetched.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A program is not there.
    #[error("`{program}` can't be started; install it, or use another kind of source")]
    Program {
        /// Which.
        program: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// A program failed.
    #[error("{what} failed; see that the name is right and that `{program}` may read it: {output}")]
    Failed {
        /// Which.
        program: &'static str,
        /// What it was to do.
        what: String,
        /// What it wrote, shortened.
        output: String,
    },
    /// A program was too slow, and was stopped.
    #[error("{what} took more than {} s, and was stopped; try again later", timeout.as_secs())]
    Timeout {
        /// What it was to do.
        what: String,
        /// How long it was waited for.
        timeout: Duration,
    },
    /// What came is not what was announced.
    #[error("{what} is not what was announced: expected {expected}, found {found}; do not use it")]
    Mismatch {
        /// What.
        what: String,
        /// What was announced.
        expected: String,
        /// What came.
        found: String,
    },
    /// A program answered in a way that is not understood.
    #[error("`{program}` answered in a way that is not understood: {problem}; update it")]
    Answer {
        /// Which.
        program: &'static str,
        /// What is not understood.
        problem: String,
    },
}

impl Classified for FetchError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Failed { .. } | Self::Timeout { .. } => ErrorKind::Unavailable,
            Self::Mismatch { .. } => ErrorKind::Conflict,
            Self::Program { .. } | Self::Answer { .. } => ErrorKind::Internal,
        }
    }
}
