//! What can go wrong with modules.

use czo_core::{Classified, ErrorKind, EventError, FieldError, PermissionError};
use czo_module_package::ModuleName;
use czo_repo::DatabaseError;
use sea_orm::DbErr;
use thiserror::Error;

use crate::EngineError;
use crate::migration::ModuleMigrationError;
use crate::store::StoreError;

/// What can go wrong with modules.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// There is no such module.
    #[error("there is no module `{name}`: `czo module list` shows those that are here")]
    NotFound {
        /// Which.
        name: ModuleName,
    },
    /// The module is here already.
    #[error("module `{name}` is here already: `czo module update` replaces it")]
    Exists {
        /// Which.
        name: ModuleName,
    },
    /// A package breaks its rules.
    #[error("the package is refused: {}", problems.join("; "))]
    Refused {
        /// Everything that is wrong with it.
        problems: Vec<String>,
    },
    /// Modules it depends on are not enabled, or not of the right version.
    #[error("module `{name}` can't serve: {}", problems.join("; "))]
    Dependencies {
        /// Which.
        name: ModuleName,
        /// What is missing.
        problems: Vec<String>,
    },
    /// Others depend on it.
    #[error("module `{name}` is needed by {}: disable these first, or force it", join(dependants))]
    Dependants {
        /// Which.
        name: ModuleName,
        /// Who depends on it.
        dependants: Vec<ModuleName>,
    },
    /// A step of an activation failed. What served before still does.
    #[error("module `{name}` was not activated: {step}: {reason}")]
    Activation {
        /// Which.
        name: ModuleName,
        /// Which step, in words.
        step: &'static str,
        /// Why.
        reason: String,
    },
    /// The process ends.
    #[error("the server shuts down: what was begun may be done or not")]
    Interrupted,
    /// An event can't be told.
    #[error(transparent)]
    Event(#[from] EventError),
    /// No version waits for a consent.
    #[error("no version of module `{name}` waits for a consent")]
    NothingWaits {
        /// Which.
        name: ModuleName,
    },
    /// Something else waits than what was consented to.
    #[error(
        "module `{name}` asks for something else by now: look at it again and consent to `{digest}`"
    )]
    ConsentDiffers {
        /// Which.
        name: ModuleName,
        /// What waits.
        digest: String,
    },
    /// There is no version to go back to.
    #[error("module `{name}` has no version before this one")]
    NoVersionBefore {
        /// Which.
        name: ModuleName,
    },
    /// A configuration breaks the schema of the manifest.
    #[error("the configuration is refused: {}", join(fields))]
    Config {
        /// Everything that is wrong with it. Values are not repeated.
        fields: Vec<FieldError>,
    },
    /// The caller may not do this.
    #[error(transparent)]
    Permission(#[from] PermissionError),
    /// What is written down of modules can't be read or changed so.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A migration of a module is refused, or failed.
    #[error(transparent)]
    Migration(#[from] ModuleMigrationError),
    /// What a module keeps could not be written into an archive.
    #[error("what {module} keeps cannot be written into the archive")]
    Export {
        /// Which module.
        module: ModuleName,
        /// Why.
        source: std::io::Error,
    },
    /// There is no engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<DbErr> for ModuleError {
    fn from(error: DbErr) -> Self {
        DatabaseError::from(error).into()
    }
}

fn join<T: ToString>(items: &[T]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

impl Classified for ModuleError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Refused { .. } | Self::Activation { .. } | Self::Config { .. } => {
                ErrorKind::Invalid
            }
            Self::Exists { .. }
            | Self::Dependencies { .. }
            | Self::Dependants { .. }
            | Self::NothingWaits { .. }
            | Self::ConsentDiffers { .. }
            | Self::NoVersionBefore { .. } => ErrorKind::Conflict,
            Self::Interrupted => ErrorKind::Unavailable,
            Self::Event(_) => ErrorKind::Internal,
            Self::Permission(error) => error.kind(),
            Self::Store(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::Migration(error) => error.kind(),
            Self::Export { .. } => ErrorKind::Internal,
            Self::Database(error) => error.kind(),
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::Migration(error) => error.is_retryable(),
            Self::Database(error) => error.is_retryable(),
            other => other.kind() == ErrorKind::Unavailable,
        }
    }

    fn field_errors(&self) -> &[FieldError] {
        match self {
            Self::Config { fields } => fields,
            _ => &[],
        }
    }
}
