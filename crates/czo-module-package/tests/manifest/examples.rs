//! A good manifest, and ways to spoil it.

use czo_module_package::{ManifestRules, ModuleManifest, Violation};
use semver::Version;
use serde_json::{Value, json};

pub(crate) fn rules() -> ManifestRules {
    ManifestRules::new(Version::new(0, 1, 0))
        .hook_points(["order.checkout.price", "catalog.product.create"])
        .services(["catalog", "orders"])
}

pub(crate) fn loyalty() -> Value {
    serde_json::from_str(include_str!("../golden/loyalty.json")).expect("the example is JSON")
}

/// The smallest manifest, with more fields.
pub(crate) fn small(more: &Value) -> Value {
    let mut manifest = json!({
        "name": "tiny",
        "version": "1.0.0",
        "description": "Does little.",
        "author": "Somebody",
        "license": "MIT",
        "czo": "^0.1",
        "backend": { "wasm": "tiny.wasm" },
    });
    for (name, value) in more.as_object().expect("more fields") {
        manifest[name] = value.clone();
    }
    manifest
}

pub(crate) fn read(manifest: &Value) -> Result<ModuleManifest, Vec<Violation>> {
    ModuleManifest::read(manifest.to_string().as_bytes(), &rules())
        .map_err(|error| error.violations().to_vec())
}

/// What is wrong with the smallest manifest when it has these fields too.
pub(crate) fn wrong(more: &Value) -> Vec<String> {
    match read(&small(more)) {
        Ok(_) => Vec::new(),
        Err(violations) => violations.iter().map(ToString::to_string).collect(),
    }
}
