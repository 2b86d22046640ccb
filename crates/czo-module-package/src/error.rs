//! What can go wrong with a package.

use std::io;
use std::path::{Path, PathBuf};

use czo_core::{Classified, ErrorKind, FieldError};
use thiserror::Error;

use crate::{
    DependencyError, FetchError, LockError, ManifestError, ModuleEntryError, PackagePathError,
    SourceError,
};

/// What can go wrong with a package, before any of it runs.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PackageError {
    /// The manifest breaks a rule.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file that belongs to the package is not there.
    #[error("`{path}` is not in the package; {fix}")]
    Missing {
        /// Which, relative to the manifest.
        path: String,
        /// What to do.
        fix: String,
    },
    /// What belongs to the package is not a regular file or folder.
    #[error("`{path}` is {found}; a package has plain files and folders only")]
    NotAFile {
        /// Which, relative to the manifest.
        path: String,
        /// What it is.
        found: &'static str,
    },
    /// A name in the package can't be the name of a file everywhere.
    #[error("`{path}` can't be the path of a file of a package")]
    Path {
        /// Which.
        path: String,
        /// Why not.
        source: PackagePathError,
    },
    /// There is more of something than is allowed.
    #[error("{what}; at most {most} {unit} are allowed")]
    TooLarge {
        /// What is too large.
        what: String,
        /// How much is allowed.
        most: u64,
        /// Of what.
        unit: &'static str,
    },
    /// An archive holds what no package holds.
    #[error("the archive is refused: {problem}")]
    Archive {
        /// Why.
        problem: String,
    },
    /// The system did not do what it was asked for.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What it was asked for.
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Text does not say where a module comes from.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A package can't be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The lock file says something else, or can't be read.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The entries of `czo.toml` can't be changed.
    #[error(transparent)]
    Entry(#[from] ModuleEntryError),
    /// Modules can't be put in order.
    #[error(transparent)]
    Dependency(#[from] DependencyError),
}

impl PackageError {
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), source }
    }

    pub(crate) fn too_large(what: impl Into<String>, most: u64, unit: &'static str) -> Self {
        Self::TooLarge { what: what.into(), most, unit }
    }
}

impl Classified for PackageError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Manifest(error) => error.kind(),
            Self::Missing { .. } => ErrorKind::NotFound,
            Self::NotAFile { .. }
            | Self::Path { .. }
            | Self::TooLarge { .. }
            | Self::Archive { .. }
            | Self::Source(_) => ErrorKind::Invalid,
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                ErrorKind::NotFound
            }
            Self::Io { .. } => ErrorKind::Internal,
            Self::Fetch(error) => error.kind(),
            Self::Lock(error) => error.kind(),
            Self::Entry(error) => error.kind(),
            Self::Dependency(error) => error.kind(),
        }
    }

    fn field_errors(&self) -> &[FieldError] {
        match self {
            Self::Manifest(error) => error.field_errors(),
            _ => &[],
        }
    }
}
