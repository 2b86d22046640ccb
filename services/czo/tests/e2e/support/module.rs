//! The example modules, as packages that a test may change.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Site;

/// Where `cargo xtask modules` has put the packages; `cargo xtask test` says so.
const VARIABLE: &str = "CZO_TEST_MODULES";

/// A package in the folder of a site.
#[derive(Debug)]
pub(crate) struct ModuleFolder {
    name: String,
    path: PathBuf,
}

impl ModuleFolder {
    /// A copy of an example module. Nothing builds it anew.
    pub(crate) fn of(site: &Site, name: &str) -> Self {
        let packages = std::env::var(VARIABLE).unwrap_or_else(|_| {
            panic!("{VARIABLE} is not set: `cargo xtask test` builds the modules and sets it")
        });
        let module = Self { name: name.to_owned(), path: site.path(name) };
        copy(&Path::new(&packages).join(name), &module.path);
        module.change(|manifest| {
            manifest["backend"].as_object_mut().expect("a backend").remove("build");
        });
        module
    }

    /// What commands take it from.
    pub(crate) fn source(&self) -> String {
        format!("./{}", self.name)
    }

    /// Changes its manifest.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Value)) {
        let file = self.path.join("czo-module.json");
        let text = fs::read_to_string(&file).expect("a manifest");
        let mut manifest = serde_json::from_str(&text).expect("a manifest is JSON");
        change(&mut manifest);
        fs::write(&file, format!("{manifest:#}")).expect("the manifest is written");
    }

    /// Makes it another version.
    pub(crate) fn is_now(&self, version: &str) {
        self.change(|manifest| manifest["version"] = version.into());
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    let entries = fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    for entry in entries {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("its type").is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}
