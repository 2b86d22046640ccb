//! A module as a folder that a server can install.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

const MANIFEST: &str = "czo-module.json";

/// A folder with a manifest.
#[derive(Debug)]
pub(super) struct Package {
    folder: PathBuf,
    manifest: Manifest,
}

/// What is looked at here; the server looks at all of it.
#[derive(Debug, Deserialize)]
struct Manifest {
    name: String,
    backend: Backend,
    migrations: Option<String>,
    dashboard: Option<Dashboard>,
}

#[derive(Debug, Deserialize)]
struct Backend {
    wasm: String,
    #[serde(default)]
    build: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Dashboard {
    assets: String,
}

impl Package {
    /// The one of this folder.
    pub(super) fn of(folder: PathBuf) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let manifest = serde_json::from_slice(&text)
            .with_context(|| format!("cannot understand {}", path.display()))?;
        Ok(Self { folder, manifest })
    }

    /// Those of the folders in `parent`, by name.
    pub(super) fn all(parent: &Path) -> Result<Vec<Self>> {
        let mut folders = Vec::new();
        let entries = fs::read_dir(parent);
        for entry in entries.with_context(|| format!("cannot list {}", parent.display()))? {
            let folder = entry?.path();
            if folder.join(MANIFEST).is_file() {
                folders.push(folder);
            }
        }
        folders.sort();
        folders.into_iter().map(Self::of).collect()
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn name(&self) -> &str {
        &self.manifest.name
    }

    /// Where the manifest says that the component is.
    pub(super) fn wasm(&self) -> PathBuf {
        self.folder.join(&self.manifest.backend.wasm)
    }

    /// What builds it, as the manifest says.
    pub(super) fn build_command(&self) -> &[String] {
        &self.manifest.backend.build
    }

    /// Writes the package into `<parent>/<name>`, in the stead of what was there.
    pub(super) fn write(&self, wasm: &Path, parent: &Path) -> Result<()> {
        let into = parent.join(&self.manifest.name);
        if into.exists() {
            fs::remove_dir_all(&into)
                .with_context(|| format!("cannot clear {}", into.display()))?;
        }
        copy(&self.folder.join(MANIFEST), &into.join(MANIFEST))?;
        copy(wasm, &into.join(&self.manifest.backend.wasm))?;
        let assets = self.manifest.dashboard.as_ref().map(|dashboard| &dashboard.assets);
        for part in self.manifest.migrations.iter().chain(assets) {
            for file in files(&self.folder.join(part))? {
                copy(&self.folder.join(part).join(&file), &into.join(part).join(&file))?;
            }
        }
        Ok(())
    }
}

/// Every file below a folder, as paths from there, sorted.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let at = folder.join(&below);
        let entries = fs::read_dir(&at).with_context(|| format!("cannot list {}", at.display()))?;
        for entry in entries {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// Copies a file, and makes the folders above it.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().context("a file has a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::copy(from, to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_has_what_its_manifest_names_and_nothing_that_was_there_before() -> Result<()> {
        let root = tempfile::tempdir()?;
        let source = root.path().join("source");
        for file in ["m/1.up.sql", "m/1.down.sql", "src/lib.rs", "built"] {
            let path = source.join(file);
            fs::create_dir_all(path.parent().context("a file has a folder")?)?;
            fs::write(path, file)?;
        }
        let manifest = r#"{ "name": "x", "backend": { "wasm": "d/x.wasm" }, "migrations": "m" }"#;
        fs::write(source.join(MANIFEST), manifest)?;
        let packages = root.path().join("packages");
        fs::create_dir_all(packages.join("x"))?;
        fs::write(packages.join("x/old"), "")?;

        Package::of(source.clone())?.write(&source.join("built"), &packages)?;

        let expected = [MANIFEST, "d/x.wasm", "m/1.down.sql", "m/1.up.sql"].map(PathBuf::from);
        assert_eq!(files(&packages.join("x"))?, expected);
        assert_eq!(fs::read_to_string(Package::all(&packages)?[0].wasm())?, "built");
        Ok(())
    }
}
