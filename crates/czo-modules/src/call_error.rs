//! Why a call of a module did not succeed.

use std::fmt;

use czo_core::{Classified, ErrorKind};
use thiserror::Error;

/// Why a call of a module did not succeed. Its text may hold what the module wrote: it is for the log
/// and for whoever looks after the module, except [`ModuleFailure::Invalid`] and
/// [`ModuleFailure::NotFound`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The module said so.
    #[error("{0}")]
    Failed(ModuleFailure),
    /// It used more than a limit of its allows, and was stopped.
    #[error("the module was stopped: {0}")]
    Stopped(StopReason),
    /// It broke: a panic, an unreachable instruction, an access outside its memory.
    #[error("the module broke: {message}")]
    Trapped {
        /// What was the matter, with where it was, and the end of what the module wrote to its
        /// standard error.
        message: String,
    },
    /// The component has no such export.
    #[error("the module does not export `{interface}`")]
    NotExported {
        /// The interface.
        interface: &'static str,
    },
    /// As many calls of this module, or of all, are running as may, and none ended in time.
    #[error("too many calls are running; try again later")]
    Busy,
}

/// What a module says of a call that it did not do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModuleFailure {
    /// What was given is wrong. For the caller to see.
    #[error("{0}")]
    Invalid(String),
    /// There is no such thing. For the caller to see.
    #[error("{0}")]
    NotFound(String),
    /// It may succeed later.
    #[error("{0}")]
    Retry(String),
    /// The module can't do it.
    #[error("{0}")]
    Broken(String),
}

/// The limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum StopReason {
    /// `limits.cpuMs` of the manifest.
    #[error("it computed longer than {limit_ms} ms (`limits.cpuMs`)")]
    Cpu {
        /// The limit.
        limit_ms: u32,
    },
    /// `limits.wallMs` of the manifest, or the shorter time that the caller waits.
    #[error("it took longer than {limit_ms} ms, waiting included (`limits.wallMs`)")]
    Wall {
        /// The limit.
        limit_ms: u32,
    },
    /// `limits.memoryMib` of the manifest.
    #[error("it wanted more than {limit_mib} MiB of memory (`limits.memoryMib`)")]
    Memory {
        /// The limit.
        limit_mib: u32,
    },
    /// The stack of 512 KiB.
    #[error("its calls are nested too deep: the stack is full")]
    Stack,
}

impl CallError {
    /// Whether the module is to blame: such errors spend its error budget. What a caller did wrong,
    /// what may succeed later and what the server has no room for do not.
    #[must_use]
    pub fn counts_against_module(&self) -> bool {
        match self {
            Self::Stopped(_) | Self::Trapped { .. } | Self::NotExported { .. } => true,
            Self::Failed(failure) => matches!(failure, ModuleFailure::Broken(_)),
            Self::Busy => false,
        }
    }

    /// What it is called in metrics.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Stopped(_) => Outcome::Stopped,
            Self::Trapped { .. } => Outcome::Trapped,
            Self::Busy => Outcome::Busy,
            Self::Failed(_) | Self::NotExported { .. } => Outcome::Failed,
        }
    }
}

impl Classified for CallError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Failed(ModuleFailure::Invalid(_)) => ErrorKind::Invalid,
            Self::Failed(ModuleFailure::NotFound(_)) => ErrorKind::NotFound,
            Self::Failed(ModuleFailure::Retry(_)) | Self::Busy => ErrorKind::Unavailable,
            Self::Failed(ModuleFailure::Broken(_))
            | Self::Stopped(_)
            | Self::Trapped { .. }
            | Self::NotExported { .. } => ErrorKind::Internal,
        }
    }

    /// A module that was stopped or broke may do better when what it asked for answers again.
    fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Failed(ModuleFailure::Retry(_))
                | Self::Busy
                | Self::Stopped(_)
                | Self::Trapped { .. }
        )
    }
}

/// How a call ended, in metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Failed,
    Stopped,
    Trapped,
    Busy,
}

impl Outcome {
    pub(crate) const ALL: [Self; 5] =
        [Self::Ok, Self::Failed, Self::Stopped, Self::Trapped, Self::Busy];
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Trapped => "trapped",
            Self::Busy => "busy",
        })
    }
}
