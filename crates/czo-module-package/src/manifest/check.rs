//! The rules of a manifest that its schema can't state.

mod about;
mod files;
mod http_api;
mod participation;
mod permissions;

use std::collections::BTreeSet;

use czo_core::FieldErrorCode;

use super::ManifestRules;
use super::embedded_schema::{self, Budget};
use super::place::{Place, excerpt};

/// Notes everything that breaks a rule. Parts whose form is wrong are passed over: the schema has
/// found them.
pub(super) fn check(manifest: &Place<'_>, rules: &ManifestRules) {
    let budget = Budget::default();
    about::check(manifest, rules);
    files::check(manifest);
    permissions::check(manifest, rules);
    participation::check(manifest, rules, &budget);
    http_api::check(manifest, &budget);
    config(manifest, &budget);
}

fn config(manifest: &Place<'_>, budget: &Budget) {
    let Some(config) = manifest.field("config") else { return };
    embedded_schema::check(&config, budget);
    if config.value.is_object() && config.value.get("type") != Some(&"object".into()) {
        config.field_or_self("type").invalid_fix(
            "the schema of a configuration is one of an object",
            "write `\"type\": \"object\"`",
        );
    }
}

/// Checks the JSON Schema in the field `name`, if there is one.
fn schema_in(part: &Place<'_>, name: &str, budget: &Budget) {
    if let Some(schema) = part.field(name) {
        embedded_schema::check(&schema, budget);
    }
}

/// Notes each text in the field `key` of the elements of a list that another of them has too.
fn unique(manifest: &Place<'_>, list: &str, key: &str) {
    let mut seen = BTreeSet::new();
    for (place, text) in manifest.elements(list).filter_map(|part| part.text_of(key)) {
        if !seen.insert(text) {
            duplicate(&place, text);
        }
    }
}

fn duplicate(place: &Place<'_>, text: &str) {
    let problem = format!("`{}` is there already", excerpt(text));
    let fix = Some("leave one of them out, or give it another name");
    place.notes.note(&place.path, FieldErrorCode::Duplicate, &problem, fix);
}
