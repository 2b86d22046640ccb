//! The folder of a shop: `czo.toml`, which names its modules, and `czo.lock`, which holds them to what
//! they were.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context;
use czo_module_package::{
    LockFile, LockedModule, ModuleName, ModuleSource, Package, add_module_entry, module_entries,
    remove_module_entry,
};

use super::candidate::Candidate;
use crate::DEFAULT_FILE;
use crate::cli::GlobalArgs;

/// The folder of a shop.
pub(super) struct Project {
    file: PathBuf,
    lock: PathBuf,
}

impl Project {
    pub(super) fn of(global: &GlobalArgs) -> Self {
        let file = global.config.clone().unwrap_or_else(|| DEFAULT_FILE.into());
        Self { lock: file.with_file_name(LockFile::FILE), file }
    }

    /// The folder that paths of sources are relative to.
    pub(super) fn folder(&self) -> &Path {
        match self.file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// Where a module comes from, by `czo.toml`.
    pub(super) fn source(&self, name: &ModuleName) -> anyhow::Result<Option<ModuleSource>> {
        Ok(module_entries(&self.text()?)?.remove(name))
    }

    /// Refuses a package that is not the one that is locked under its name.
    pub(super) fn check(&self, package: &Package) -> anyhow::Result<()> {
        Ok(LockFile::read(&self.lock)?.check(package)?)
    }

    /// Notes a module, and what exactly it is.
    pub(super) fn note(&self, candidate: &Candidate) -> anyhow::Result<()> {
        let Candidate { package, source, fetched, .. } = candidate;
        let mut lock = LockFile::read(&self.lock)?;
        lock.insert(LockedModule::of(package, source.clone(), fetched));
        let text = add_module_entry(&self.text()?, &package.manifest().name, source)?;
        lock.write(&self.lock)?;
        self.replace(&text)
    }

    /// Forgets a module.
    pub(super) fn forget(&self, name: &ModuleName) -> anyhow::Result<()> {
        let mut lock = LockFile::read(&self.lock)?;
        if lock.remove(name) {
            lock.write(&self.lock)?;
        }
        let before = self.text()?;
        let after = remove_module_entry(&before, name)?;
        if after == before { Ok(()) } else { self.replace(&after) }
    }

    fn text(&self) -> anyhow::Result<String> {
        match std::fs::read_to_string(&self.file) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            Err(error) => {
                Err(error).with_context(|| format!("cannot read {}", self.file.display()))
            }
        }
    }

    /// Afterwards there is the old file or the new one, whatever happens meanwhile.
    fn replace(&self, text: &str) -> anyhow::Result<()> {
        let write = || -> std::io::Result<()> {
            let mut new = tempfile::NamedTempFile::new_in(self.folder())?;
            new.write_all(text.as_bytes())?;
            if let Ok(old) = std::fs::metadata(&self.file) {
                new.as_file().set_permissions(old.permissions())?;
            }
            new.persist(&self.file)?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", self.file.display()))
    }
}
