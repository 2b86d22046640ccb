//! What packages of modules are held to.

use std::path::Path;
use std::sync::Arc;

use czo_module_package::{
    Advisories, ArchiveLimits, ManifestRules, ModuleManifest, Package, PackageError, PackageLimits,
    Report, ValidationOptions, unpack_tarball, validate,
};
use semver::Version;

use crate::config::ModulesConfig;

/// What packages of modules are held to by a server, and on the command line. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct PackageRules {
    manifest: ManifestRules,
    advisories: Option<Arc<Advisories>>,
}

impl PackageRules {
    /// The rules of a configuration. Which hook points and services there are is not known, nor which
    /// dependencies are vulnerable.
    pub(crate) fn of(config: &ModulesConfig) -> Self {
        let version = Version::parse(env!("CARGO_PKG_VERSION")).expect("Cargo wants a version");
        let manifest = ManifestRules::new(version).maxima(config.maxima());
        Self { manifest, advisories: None }
    }

    /// The rules of a program that has these hook points and services.
    pub(crate) fn of_program(self, hook_points: Vec<&str>, services: Vec<&str>) -> Self {
        Self { manifest: self.manifest.hook_points(hook_points).services(services), ..self }
    }

    /// With what is known of vulnerable dependencies.
    pub(crate) fn knowing(self, advisories: Option<Arc<Advisories>>) -> Self {
        Self { advisories, ..self }
    }

    /// The largest tarball that is taken, in bytes: no file grows by being packed.
    pub(crate) fn upload_limit() -> usize {
        usize::try_from(PackageLimits::default().total_bytes).unwrap_or(usize::MAX)
    }

    /// The package in a folder. It blocks.
    ///
    /// # Errors
    ///
    /// Everything that keeps it from being one.
    pub(crate) fn open(&self, folder: &Path) -> Result<Package, PackageError> {
        Package::open(folder, &self.manifest, &PackageLimits::default())
    }

    /// The package in a tarball. It blocks.
    ///
    /// # Errors
    ///
    /// Everything that keeps it from being one.
    pub(crate) fn unpack(&self, tarball: &[u8]) -> Result<Package, PackageError> {
        let cannot = |source| PackageError::Io {
            doing: "create a folder in",
            path: std::env::temp_dir(),
            source,
        };
        let folder = tempfile::Builder::new().prefix("czo-module-").tempdir().map_err(cannot)?;
        unpack_tarball(tarball, folder.path(), &ArchiveLimits::default())?;
        self.open(folder.path())
    }

    /// Looks at a package, against the version before where there is one. It takes a while.
    pub(crate) fn report(&self, package: &Package, previous: Option<&ModuleManifest>) -> Report {
        let options = ValidationOptions { advisories: self.advisories.as_deref(), previous };
        validate(package, &options)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::modules::tarball;

    #[test]
    fn what_is_packed_is_the_same_package_when_it_is_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = json!({
            "name": "notes",
            "version": "1.0.0",
            "description": "Keeps notes.",
            "author": "Example",
            "license": "MIT",
            "czo": ">=0.1",
            "dashboard": {
                "assets": "assets",
                "pages": [{ "name": "notes", "entry": "index.html", "title": "Notes" }],
            },
        });
        fs::write(folder.path().join("czo-module.json"), manifest.to_string()).unwrap();
        fs::create_dir(folder.path().join("assets")).unwrap();
        fs::write(folder.path().join("assets/index.html"), "<p>Notes</p>").unwrap();
        let rules = PackageRules::of(&ModulesConfig::default());
        let package = rules.open(folder.path()).unwrap();
        let unpacked = rules.unpack(&tarball::pack(&package).unwrap()).unwrap();
        assert_eq!(unpacked.digest(), package.digest());
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        let rules = PackageRules::of(&ModulesConfig::default());
        let refused = rules.unpack(b"a text").unwrap_err().to_string();
        assert!(refused.contains("archive"), "{refused}");
    }
}
