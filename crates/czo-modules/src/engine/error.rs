//! Why an engine has no machine code for a component.

use std::io;
use std::path::PathBuf;

use czo_core::{Classified, ErrorKind};
use thiserror::Error;

/// Why there is no engine, or no machine code of a component.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The processor or the system is not supported.
    #[error("WebAssembly can't be run here: {reason}")]
    Unsupported {
        /// Why.
        reason: String,
    },
    /// The folder of the cache can't be used.
    #[error("the folder {} for compiled modules can't be used", path.display())]
    CacheFolder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The thread that ticks can't be started.
    #[error("the thread that stops modules which compute too long can't be started")]
    Ticker(#[source] io::Error),
    /// The component is too large.
    #[error("the component has {bytes} bytes, and at most {limit} are allowed")]
    TooLarge {
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        limit: usize,
    },
    /// It is no component, or one that uses what is not supported.
    #[error("this is no WebAssembly component that can be run: {reason}")]
    NotAComponent {
        /// What is the matter.
        reason: String,
    },
    /// The runtime shuts down.
    #[error("the server shuts down, so that nothing is compiled any more")]
    Interrupted,
}

impl Classified for EngineError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::TooLarge { .. } | Self::NotAComponent { .. } => ErrorKind::Invalid,
            Self::Interrupted => ErrorKind::Unavailable,
            Self::Unsupported { .. } | Self::CacheFolder { .. } | Self::Ticker(_) => {
                ErrorKind::Internal
            }
        }
    }
}
