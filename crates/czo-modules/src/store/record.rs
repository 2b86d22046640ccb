//! What the store knows of modules.

use std::fmt;

use chrono::{DateTime, Utc};
use czo_module_package::{ModuleManifest, ModuleName, Permissions};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ArtifactDigest, ModuleOperationId, ModuleVersionId, Revision, StepNumber};
use crate::Generation;

/// Declares an enum whose values are words in the database.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $value:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$doc])* $value,)+
        }

        impl $name {
            /// Its word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }

            pub(super) fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$value),)+
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Whether a module serves.
    pub enum ModuleStatus {
        /// Not yet: it was never enabled.
        Installed = "installed",
        /// Yes.
        Enabled = "enabled",
        /// No: somebody disabled it.
        Disabled = "disabled",
        /// No: it failed too often.
        Quarantined = "quarantined",
        /// No: it could not be activated.
        Failed = "failed",
    }
}

words! {
    /// What is done with a module.
    pub enum OperationKind {
        /// It is installed.
        Add = "add",
        /// It begins to serve.
        Enable = "enable",
        /// It stops serving.
        Disable = "disable",
        /// Another version of it is installed.
        Update = "update",
        /// A version that was there before serves again.
        Rollback = "rollback",
        /// It goes.
        Remove = "remove",
    }
}

words! {
    /// How an operation ended.
    pub enum OperationOutcome {
        /// It was done.
        Done = "done",
        /// It failed, and what it had done was undone.
        Undone = "undone",
    }
}

words! {
    /// What a file of a package is for.
    pub enum FileKind {
        /// The component that runs in the server.
        Wasm = "wasm",
        /// Served to the dashboard.
        Asset = "asset",
        /// A migration.
        Migration = "migration",
    }
}

/// An installed module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleRecord {
    /// Its name.
    pub name: ModuleName,
    /// Whether it serves.
    pub status: ModuleStatus,
    /// Where it came from, as it was written on the command line.
    pub source: String,
    /// The version that serves, or did last; none before the first has.
    pub version_id: Option<ModuleVersionId>,
    /// Its last activation; none before the first.
    pub generation: Option<Generation>,
    /// Why it has its status, for people.
    pub note: Option<String>,
    /// Grows with every change: of two records of a module, the one with the higher one is newer.
    pub revision: Revision,
    /// When it was installed.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A file of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleFile {
    /// What it is for.
    pub kind: FileKind,
    /// Its path: an asset's below the folder of assets, a migration's name.
    pub path: String,
    /// What is in it.
    pub digest: ArtifactDigest,
    /// Its size in bytes.
    pub size: u64,
}

/// A version that is to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewModuleVersion {
    /// Its manifest, which was validated.
    pub manifest: ModuleManifest,
    /// The SHA-256 of its package, as in the lock file.
    pub package_digest: ArtifactDigest,
    /// What was accepted of what it asks for.
    pub grants: Permissions,
    /// Its files; their contents were [put](super::ModuleStore::put_artifact) before.
    pub files: Vec<ModuleFile>,
}

/// A version of a module.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleVersionRecord {
    /// Its id.
    pub id: ModuleVersionId,
    /// Its manifest.
    pub manifest: ModuleManifest,
    /// The SHA-256 of its package.
    pub package_digest: ArtifactDigest,
    /// What was accepted of what it asks for.
    pub grants: Permissions,
    /// When it was installed.
    pub created_at: DateTime<Utc>,
}

/// An operation that this node does. Dropped, it is not ended: another node takes it over.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its id.
    pub id: ModuleOperationId,
    /// On which module.
    pub module: ModuleName,
    /// What is done.
    pub kind: OperationKind,
    /// What it was begun with.
    pub data: Value,
    /// When it began.
    pub started_at: DateTime<Utc>,
    pub(super) fence: i64,
}

/// A step of an operation, which was written down before it was done.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRecord {
    /// Its place.
    pub number: StepNumber,
    /// What it is.
    pub name: String,
    /// What is needed to undo it, or to finish it.
    pub data: Value,
    /// When it was done; none where it may or may not have been.
    pub finished_at: Option<DateTime<Utc>>,
}

/// An operation, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationRecord {
    /// Its id.
    pub id: ModuleOperationId,
    /// On which module.
    pub module: ModuleName,
    /// What was done.
    pub kind: OperationKind,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended, and how; none while it is under way.
    pub ended: Option<(DateTime<Utc>, OperationOutcome)>,
    /// Why it ended so, for people.
    pub note: Option<String>,
    /// Whether a node is at it; one that is not ended and not held can be
    /// [taken over](super::ModuleStore::take_over).
    pub is_held: bool,
}

/// The configuration of a module in a shop.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigRecord {
    /// As somebody wrote it, defaults not filled in.
    pub config: Value,
    /// Grows with every change.
    pub revision: Revision,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}
