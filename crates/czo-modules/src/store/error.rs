//! Why what is written down of modules was not read or changed.

use std::time::Duration;

use czo_core::{Classified, ErrorKind};
use czo_module_package::ModuleName;
use thiserror::Error;

use super::{ArtifactDigest, ModuleOperationId, ModuleVersionId, OperationKind};

/// Why what is written down of modules was not read or changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such module.
    #[error("there is no module {name}: `czo module list` shows those that are installed")]
    NoModule {
        /// What was asked for.
        name: ModuleName,
    },
    /// A module of the name is there.
    #[error("{name} is installed: update it, or remove it first")]
    AlreadyInstalled {
        /// Which module.
        name: ModuleName,
    },
    /// There is no such version of a module.
    #[error("there is no version {id}: the last {} are kept", super::KEPT_VERSIONS)]
    NoVersion {
        /// What was asked for.
        id: ModuleVersionId,
    },
    /// There is no artifact of that digest.
    #[error("there is nothing with the SHA-256 {digest}")]
    NoArtifact {
        /// What was asked for.
        digest: ArtifactDigest,
    },
    /// What is kept is not what was stored.
    #[error("what is kept as {digest} is damaged: install the module again")]
    DamagedArtifact {
        /// What its digest should be.
        digest: ArtifactDigest,
    },
    /// An artifact is larger than is kept.
    #[error("{size} bytes are more than the {} MiB that one file may have", super::MAX_ARTIFACT >> 20)]
    TooLarge {
        /// How large it is.
        size: usize,
    },
    /// Somebody changed it meanwhile.
    #[error("{name} was changed by somebody else meanwhile: look again")]
    Changed {
        /// Which module.
        name: ModuleName,
    },
    /// Something is under way with the module, here or on another node.
    #[error(
        "{module} is in the middle of another operation ({kind}, {operation}): wait until it has ended"
    )]
    Busy {
        /// Which module.
        module: ModuleName,
        /// What is under way.
        kind: OperationKind,
        /// Its id.
        operation: ModuleOperationId,
    },
    /// The operation was not heard of for so long that another node may have taken it over.
    #[error("{operation} is no longer this node's: it was not renewed within {} s", lease.as_secs())]
    LeaseLost {
        /// Which operation.
        operation: ModuleOperationId,
        /// How long one holds.
        lease: Duration,
    },
    /// What is written down can't be read.
    #[error("{what} cannot be read: it is damaged, or was written by a newer version of czo")]
    Corrupt {
        /// What it is.
        what: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Classified for StoreError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoModule { .. } | Self::NoVersion { .. } => ErrorKind::NotFound,
            Self::AlreadyInstalled { .. }
            | Self::Changed { .. }
            | Self::Busy { .. }
            | Self::LeaseLost { .. } => ErrorKind::Conflict,
            Self::TooLarge { .. } => ErrorKind::Invalid,
            Self::NoArtifact { .. } | Self::DamagedArtifact { .. } | Self::Corrupt { .. } => {
                ErrorKind::Internal
            }
        }
    }
}
