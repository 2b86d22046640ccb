//! The files of a module.

mod files;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use crate::{Digest, ManifestRules, ModuleManifest, PackageError, PackagePath};
use files::Folder;

/// The most that a package may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackageLimits {
    /// All files together, in bytes. Default 64 MiB.
    pub total_bytes: u64,
    /// The WebAssembly component, in bytes. Default 32 MiB.
    pub wasm_bytes: u64,
    /// How many files. Default 2,000.
    pub files: usize,
}

impl Default for PackageLimits {
    fn default() -> Self {
        Self { total_bytes: 64 << 20, wasm_bytes: 32 << 20, files: 2_000 }
    }
}

/// A module as it was found: its manifest and the files that it names, read once.
///
/// What was hashed is what is used: the bytes are held, and files that change afterwards change
/// nothing. A package has regular files only; whatever is or leads through a symbolic link is
/// refused.
#[derive(Clone, Debug)]
pub struct Package {
    manifest: ModuleManifest,
    files: BTreeMap<PackagePath, PackageFile>,
    digest: Digest,
}

/// One file of a package.
#[derive(Clone, PartialEq, Eq)]
pub struct PackageFile {
    bytes: Vec<u8>,
    digest: Digest,
}

impl PackageFile {
    fn new(bytes: Vec<u8>) -> Self {
        let digest = Digest::of(&bytes);
        Self { bytes, digest }
    }

    /// What is in it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its SHA-256.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

impl std::fmt::Debug for PackageFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes of {}", self.bytes.len(), self.digest)
    }
}

/// What a package has beside the files that its manifest names: for the scan of what it was made of.
const NPM_LOCK: &str = "package-lock.json";

impl Package {
    /// Reads the package in the folder `root`: `czo-module.json`, the component, the folders of
    /// migrations and assets, and `package-lock.json` if there is one. Nothing else in the folder is
    /// looked at, so it may be the one the module is made in. Within folders, what is hidden (`.name`)
    /// is left out. Nothing of it is executed.
    ///
    /// # Errors
    ///
    /// [`PackageError::Manifest`] if the manifest breaks a rule, [`PackageError::Missing`] if a file
    /// that it names is not there, [`PackageError::NotAFile`] for links and devices,
    /// [`PackageError::TooLarge`] beyond `limits`.
    pub fn open(
        root: &Path,
        rules: &ManifestRules,
        limits: &PackageLimits,
    ) -> Result<Self, PackageError> {
        let mut folder = Folder::new(root, *limits)?;
        let mut files = BTreeMap::new();
        let most = ModuleManifest::MAX_BYTES as u64;
        let fix = "write a manifest, or name the folder that has one";
        let at = named(ModuleManifest::FILE)?;
        let bytes = folder.read(&at, most, fix)?;
        let manifest = ModuleManifest::read(&bytes, rules)?;
        files.insert(at, PackageFile::new(bytes));
        if let Some(backend) = &manifest.backend {
            let path = named(&backend.wasm)?;
            let fix = "build it first, or mend `backend.wasm`";
            let bytes = folder.read(&path, limits.wasm_bytes, fix)?;
            files.insert(path, PackageFile::new(bytes));
        }
        let assets = manifest.dashboard.as_ref().map(|dashboard| &dashboard.assets);
        for (name, fix) in [
            (manifest.migrations.as_ref(), "add it, or leave `migrations` out"),
            (assets, "build the dashboard first, or mend `dashboard.assets`"),
        ] {
            let Some(name) = name else { continue };
            for path in folder.list(&named(name)?, fix)? {
                if let Entry::Vacant(place) = files.entry(path) {
                    let bytes = folder.read(place.key(), limits.total_bytes, fix)?;
                    place.insert(PackageFile::new(bytes));
                }
            }
        }
        let lock = named(NPM_LOCK)?;
        if folder.has(&lock) {
            let bytes = folder.read(&lock, limits.total_bytes, "leave it out")?;
            files.insert(lock, PackageFile::new(bytes));
        }
        let digest =
            Digest::of_all(files.iter().map(|(path, file)| (path.as_str(), file.digest())));
        let package = Self { manifest, files, digest };
        package.has_its_pages()?;
        Ok(package)
    }

    fn has_its_pages(&self) -> Result<(), PackageError> {
        let Some(dashboard) = &self.manifest.dashboard else { return Ok(()) };
        for page in &dashboard.pages {
            let path = format!("{}/{}", dashboard.assets, page.entry);
            if self.at(&path).is_none() {
                let fix = "add it, or mend `entry` of the page".to_owned();
                return Err(PackageError::Missing { path, fix });
            }
        }
        Ok(())
    }

    /// What the module says of itself.
    #[must_use]
    pub const fn manifest(&self) -> &ModuleManifest {
        &self.manifest
    }

    /// The digest of everything: the same for the same files under the same names, wherever they
    /// came from.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Every file, by its path.
    pub fn files(&self) -> impl Iterator<Item = (&PackagePath, &PackageFile)> {
        self.files.iter()
    }

    /// The file at `path`.
    #[must_use]
    pub fn file(&self, path: &PackagePath) -> Option<&PackageFile> {
        self.files.get(path)
    }

    /// The component, if the module has a backend.
    #[must_use]
    pub fn wasm(&self) -> Option<&PackageFile> {
        self.at(&self.manifest.backend.as_ref()?.wasm)
    }

    /// The migrations by their path in the package, sorted; nothing if there are none.
    pub fn migrations(&self) -> impl Iterator<Item = (&PackagePath, &PackageFile)> {
        self.within(self.manifest.migrations.as_deref())
    }

    /// What the dashboard is served, by its path in the package, sorted; nothing if there is none.
    pub fn assets(&self) -> impl Iterator<Item = (&PackagePath, &PackageFile)> {
        self.within(self.manifest.dashboard.as_ref().map(|dashboard| dashboard.assets.as_str()))
    }

    /// `package-lock.json`, if there is one.
    #[must_use]
    pub fn npm_lock(&self) -> Option<&PackageFile> {
        self.at(NPM_LOCK)
    }

    /// Writes all files below the folder `root`, which must not exist: for keeping the package.
    /// What was written before an error is left there.
    ///
    /// # Errors
    ///
    /// [`PackageError::Io`] if it exists or can't be written.
    pub fn write_to(&self, root: &Path) -> Result<(), PackageError> {
        fs::create_dir(root).map_err(|source| PackageError::io("create", root, source))?;
        for (path, file) in &self.files {
            let at = path.below(root);
            if let Some(folder) = at.parent() {
                fs::create_dir_all(folder).map_err(|e| PackageError::io("create", folder, e))?;
            }
            let write = || {
                let mut new = OpenOptions::new().write(true).create_new(true).open(&at)?;
                new.write_all(file.bytes())?;
                new.sync_all()
            };
            write().map_err(|source| PackageError::io("write", &at, source))?;
        }
        Ok(())
    }

    fn at(&self, path: &str) -> Option<&PackageFile> {
        self.files.get(&path.parse::<PackagePath>().ok()?)
    }

    fn within(&self, folder: Option<&str>) -> impl Iterator<Item = (&PackagePath, &PackageFile)> {
        let folder = folder.and_then(|folder| folder.parse::<PackagePath>().ok());
        self.files.iter().filter(move |(path, _)| {
            folder.as_ref().is_some_and(|folder| *path != folder && path.is_within(folder))
        })
    }
}

fn named(text: &str) -> Result<PackagePath, PackageError> {
    text.parse().map_err(|source| PackageError::Path { path: text.to_owned(), source })
}
