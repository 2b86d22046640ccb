//! Which fields are different.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

use super::super::AppManifest;

/// The fields that the diff tells of in a way of their own.
const TOLD: [&str; 5] = ["version", "permissions", "webhooks", "extensions", "configSchema"];

/// The names of the fields of a manifest that are different, but for those that are told of
/// elsewhere.
pub(super) fn of_manifest(old: &AppManifest, new: &AppManifest) -> Vec<String> {
    let mut fields = changed(old, new);
    fields.retain(|field| !TOLD.contains(&field.as_str()));
    // Why something is asked for is not a permission, but a merchant may want to know.
    let purposes = |manifest: &AppManifest| -> BTreeSet<_> {
        manifest.permissions.iter().map(|request| request.purpose.clone()).collect()
    };
    if purposes(old) != purposes(new) {
        fields.push("purpose".to_owned());
    }
    fields
}

/// The names of the fields that are different, in the JSON of both.
pub(super) fn changed<T: Serialize>(old: &T, new: &T) -> Vec<String> {
    let (old, new) = (object(old), object(new));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    names.into_iter().filter(|name| old.get(*name) != new.get(*name)).cloned().collect()
}

fn object<T: Serialize>(value: &T) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        // What is compared here are structs with text, numbers and JSON.
        _ => Map::new(),
    }
}
