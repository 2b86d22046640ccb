//! Packages in folders of their own.

use std::fs;
use std::path::{Path, PathBuf};

use czo_module_package::{
    Finding, ManifestRules, Package, PackageError, PackageLimits, Report, ValidationOptions,
    validate,
};
use semver::Version;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder that goes with the test.
pub(crate) struct Folder(TempDir);

pub(crate) fn rules() -> ManifestRules {
    ManifestRules::new(Version::new(0, 1, 0))
}

/// The smallest manifest, with more fields.
pub(crate) fn manifest(more: &Value) -> Value {
    let mut manifest = json!({
        "name": "tiny",
        "version": "1.0.0",
        "description": "Does little.",
        "author": "Somebody",
        "license": "MIT",
        "czo": "^0.1",
        "backend": { "wasm": "dist/tiny.wasm" },
    });
    for (name, value) in more.as_object().expect("more fields") {
        manifest[name] = value.clone();
    }
    manifest
}

/// A component that imports and exports these interfaces of `czo:module`.
pub(crate) fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let imports = imports.iter().map(|name| format!("(import \"{name}\" (instance))\n"));
    let exports = exports.iter().map(|name| format!("(export \"{name}\" (instance $nothing))\n"));
    let text = format!(
        "(component\n{}(instance $nothing)\n{})",
        imports.collect::<String>(),
        exports.collect::<String>()
    );
    wat::parse_str(text).expect("a component")
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    /// A folder with a package in it, whose component does nothing.
    pub(crate) fn with_package(more: &Value) -> Self {
        let folder = Self::new();
        folder.write("czo-module.json", manifest(more).to_string());
        folder.write("dist/tiny.wasm", component(&[], &[]));
        folder
    }

    /// A folder with a package that has a dashboard of these files.
    pub(crate) fn with_dashboard(files: &[(&str, &str)]) -> Self {
        let page = json!({ "name": "main", "entry": "index.html", "title": "Main" });
        let folder =
            Self::with_package(&json!({ "dashboard": { "assets": "web", "pages": [page] } }));
        folder.write("web/index.html", "<script type=\"module\" src=\"app.js\"></script>");
        folder.write("package-lock.json", r#"{"lockfileVersion":3,"packages":{}}"#);
        for (name, text) in files {
            folder.write(&format!("web/{name}"), text);
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(&path, bytes).expect("a file");
        path
    }

    pub(crate) fn open(&self) -> Result<Package, PackageError> {
        Package::open(self.path(), &rules(), &PackageLimits::default())
    }

    pub(crate) fn report(&self) -> Report {
        validate(&self.open().expect("a package"), &ValidationOptions::default())
    }

    /// What was found, as `code place`, without what is said of dependencies.
    pub(crate) fn found(&self) -> Vec<String> {
        let about_dependencies = |finding: &&Finding| {
            finding.code.starts_with("dependencies") || finding.code.starts_with("advisories")
        };
        let report = self.report();
        let findings = report.findings.iter().filter(|finding| !about_dependencies(finding));
        findings.map(|finding| format!("{} {}", finding.code, finding.place)).collect()
    }
}
