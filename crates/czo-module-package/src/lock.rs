//! `czo.lock`.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use czo_core::{Classified, ErrorKind};
use semver::Version;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    ComponentInfo, Digest, Fetched, ModuleName, ModuleSource, Package, Resolved, component, grants,
};

/// The version of the file that this reads and writes.
const FORMAT: u32 = 1;

const HEADER: &str = "\
# Which modules are installed, and what exactly they are. Written by `czo module`; keep it in version
# control, and don't edit it: a package that is not what stands here is refused.

";

/// What is locked: `czo.lock`, beside `czo.toml`.
///
/// The same modules give the same text, sorted by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockFile {
    version: u32,
    #[serde(rename = "module", default, skip_serializing_if = "Vec::is_empty")]
    modules: Vec<LockedModule>,
}

/// One module that is locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedModule {
    /// Its name.
    pub name: ModuleName,
    /// Its version.
    pub version: Version,
    /// Where it comes from, as it was asked for.
    pub source: ModuleSource,
    /// What that was at the time.
    pub resolved: Resolved,
    /// The digest of the package.
    pub digest: Digest,
    /// The digest of its component, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wasm: Option<Digest>,
    /// The latest version of `czo:module` that the component speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wit: Option<Version>,
    /// What the component imports.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub imports: BTreeSet<String>,
    /// What the manifest grants, for people: a change is seen in review.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub grants: BTreeSet<String>,
}

/// Why the lock file is of no use, or refuses a package.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// It can't be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It can't be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is no lock file.
    #[error(
        "the lock file is broken; restore it from version control, or delete it and add the modules again: {problem}"
    )]
    Broken {
        /// What is wrong with it.
        problem: String,
    },
    /// It was written by a later czo.
    #[error("the lock file is of version {found}, and this czo knows version {FORMAT}; update czo")]
    Later {
        /// Its version.
        found: u32,
    },
    /// A package is not what was locked.
    #[error(transparent)]
    Changed(#[from] Box<LockedPackageChanged>),
}

/// A package that is not what was locked under its name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "the package of `{module}` {version} is not the one that is locked: expected {expected}, found {found}; if it was meant to change, run `czo module update {module}`"
)]
#[non_exhaustive]
pub struct LockedPackageChanged {
    /// Which module.
    pub module: ModuleName,
    /// The version that is locked.
    pub version: Version,
    /// The digest that is locked.
    pub expected: Digest,
    /// The digest of the package.
    pub found: Digest,
}

impl Classified for LockError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Changed(_) => ErrorKind::Conflict,
            Self::Broken { .. } | Self::Later { .. } => ErrorKind::Invalid,
            Self::Read { .. } | Self::Write { .. } => ErrorKind::Internal,
        }
    }
}

impl Default for LockFile {
    fn default() -> Self {
        Self { version: FORMAT, modules: Vec::new() }
    }
}

impl LockFile {
    /// The name of the file.
    pub const FILE: &'static str = "czo.lock";

    /// Reads the file at `path`; an empty one if it is not there.
    ///
    /// # Errors
    ///
    /// If it can't be read, is no lock file, or is one of a later version.
    pub fn read(path: &Path) -> Result<Self, LockError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(LockError::Read { path: path.to_owned(), source }),
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// If it is no lock file, or one of a later version.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        #[derive(Deserialize)]
        struct Format {
            version: u32,
        }
        let broken = |error: toml::de::Error| LockError::Broken { problem: error.to_string() };
        // A later version may have fields that are not known here.
        let Format { version } = toml::from_str(text).map_err(broken)?;
        if version > FORMAT {
            return Err(LockError::Later { found: version });
        }
        let mut lock: Self = toml::from_str(text).map_err(broken)?;
        lock.modules.sort_by(|one, other| one.name.cmp(&other.name));
        let twice = lock.modules.windows(2).find(|pair| pair[0].name == pair[1].name);
        if let Some([module, _]) = twice {
            let problem = format!("`{}` is there twice", module.name);
            return Err(LockError::Broken { problem });
        }
        Ok(lock)
    }

    /// Its text.
    ///
    /// # Errors
    ///
    /// If something of it can't be written in TOML, such as a folder whose name is no text.
    pub fn to_text(&self) -> Result<String, LockError> {
        let body = toml::to_string_pretty(self)
            .map_err(|error| LockError::Broken { problem: error.to_string() })?;
        Ok(format!("{HEADER}{body}"))
    }

    /// Writes the file at `path`: afterwards there is the old one or the new one, whatever happens
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// If it can't be written; the old one is still there then.
    pub fn write(&self, path: &Path) -> Result<(), LockError> {
        let text = self.to_text()?;
        let write = || {
            let folder = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            let mut new = tempfile::Builder::new()
                .prefix(".czo.lock.")
                .permissions(Permissions::from_mode(0o644))
                .tempfile_in(folder)?;
            new.write_all(text.as_bytes())?;
            new.as_file().sync_all()?;
            new.persist(path)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(|source| LockError::Write { path: path.to_owned(), source })
    }

    /// The modules, by name.
    #[must_use]
    pub fn modules(&self) -> &[LockedModule] {
        &self.modules
    }

    /// A module.
    #[must_use]
    pub fn get(&self, name: &ModuleName) -> Option<&LockedModule> {
        self.modules.iter().find(|module| module.name == *name)
    }

    /// Locks a module, in place of what was locked under its name.
    pub fn insert(&mut self, module: LockedModule) {
        match self.modules.binary_search_by(|other| other.name.cmp(&module.name)) {
            Ok(index) => self.modules[index] = module,
            Err(index) => self.modules.insert(index, module),
        }
    }

    /// Takes a module out; says whether it was there.
    pub fn remove(&mut self, name: &ModuleName) -> bool {
        let before = self.modules.len();
        self.modules.retain(|module| module.name != *name);
        self.modules.len() < before
    }

    /// Sees that a package is the one that is locked under its name, if one is.
    ///
    /// # Errors
    ///
    /// [`LockError::Changed`] if it is another.
    pub fn check(&self, package: &Package) -> Result<(), LockError> {
        let Some(locked) = self.get(&package.manifest().name) else { return Ok(()) };
        if locked.digest == package.digest() {
            return Ok(());
        }
        let changed = LockedPackageChanged {
            module: locked.name.clone(),
            version: locked.version.clone(),
            expected: locked.digest,
            found: package.digest(),
        };
        Err(Box::new(changed).into())
    }
}

impl LockedModule {
    /// What is locked of a package that was fetched. The component is described as far as it can be
    /// read: whether it may run, [`validate`](crate::validate) says.
    #[must_use]
    pub fn of(package: &Package, source: ModuleSource, fetched: &Fetched) -> Self {
        let manifest = package.manifest();
        let wasm = package.wasm();
        let info = wasm.and_then(|wasm| ComponentInfo::read(wasm.bytes()).ok()).unwrap_or_default();
        let names = info.imports.iter().chain(&info.exports);
        let wit = names.filter_map(|name| component::interface(name)?.1).max();
        Self {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            source,
            resolved: fetched.resolved.clone(),
            digest: package.digest(),
            wasm: wasm.map(|wasm| wasm.digest()),
            wit,
            imports: info.imports,
            grants: grants::grants(manifest).iter().map(ToString::to_string).collect(),
        }
    }
}
