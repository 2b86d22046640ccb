//! Getting a package from where it comes.

mod error;
mod git;
mod npm;
mod process;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::{ArchiveLimits, ModuleSource, PackageError};
pub use error::FetchError;

/// How long fetching may take, how much may come, and what the programs are told.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchOptions {
    /// How long each program may run. Default 120 s.
    pub timeout: Duration,
    /// What may come, unpacked. Default 256 MiB in 10,000 files.
    pub archive: ArchiveLimits,
    /// Environment variables that `git` and `npm` have beside those of this process, such as
    /// `npm_config_registry`. Default none.
    pub environment: BTreeMap<String, String>,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(120),
            archive: ArchiveLimits::default(),
            environment: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for FetchOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be tokens.
        let names: Vec<_> = self.environment.keys().collect();
        f.debug_struct("FetchOptions")
            .field("timeout", &self.timeout)
            .field("archive", &self.archive)
            .field("environment", &names)
            .finish()
    }
}

/// What exactly was fetched: enough to fetch the same again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Resolved {
    /// A folder, as it was at that time.
    Path(PathBuf),
    /// A commit, in full.
    Commit(String),
    /// A version of a package of npm.
    Npm {
        /// Which.
        version: String,
        /// What its tarball must be: `sha512-` and base64.
        integrity: String,
    },
}

/// A package that was fetched. Its files are deleted with this value, unless it is a folder that was
/// there before.
#[derive(Debug)]
pub struct Fetched {
    /// The folder of the manifest, for [`Package::open`](crate::Package::open).
    pub root: PathBuf,
    /// What exactly it is.
    pub resolved: Resolved,
    /// Keeps what was fetched.
    temporary: Option<TempDir>,
}

impl Fetched {
    /// Whether the files are a copy, which goes with this value.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }
}

/// Fetches a package. A relative folder is looked for in `base`, that of `czo.toml`; a folder is used
/// where it is, since a package is read into memory at once.
///
/// Nothing of what is fetched is executed: git checks nothing out (so neither hooks nor filters
/// run, and submodules are not followed), and npm runs no scripts. The programs `git` and `npm` are
/// those of the machine, with the credentials and the registry that they are set up with; they never
/// ask a person. It blocks until they are done or too slow: call it where that is allowed.
///
/// # Errors
///
/// [`PackageError::Fetch`] if a program is missing, fails or is too slow, or what came is not what
/// was announced; [`PackageError::TooLarge`] beyond `options`.
pub fn fetch(
    source: &ModuleSource,
    base: &Path,
    options: &FetchOptions,
) -> Result<Fetched, PackageError> {
    let (resolved, folder, directory) = match source {
        ModuleSource::Path(path) => {
            let root = base.join(path);
            let root = root.canonicalize().map_err(|e| PackageError::io("open", &root, e))?;
            return Ok(Fetched { root, resolved: Resolved::Path(path.clone()), temporary: None });
        }
        ModuleSource::Git(source) => {
            let directory = temporary()?;
            let commit = git::fetch(source, directory.path(), options)?;
            (Resolved::Commit(commit), "tree", directory)
        }
        ModuleSource::Npm(source) => {
            let directory = temporary()?;
            let resolved = npm::fetch(source, directory.path(), options)?;
            (resolved, "package", directory)
        }
    };
    let root = directory.path().join(folder);
    Ok(Fetched { root, resolved, temporary: Some(directory) })
}

fn temporary() -> Result<TempDir, PackageError> {
    let made = tempfile::Builder::new().prefix("czo-module-").tempdir();
    made.map_err(|source| PackageError::io("create a folder in", &std::env::temp_dir(), source))
}
