//! The files that a manifest names.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::PackagePath;
use crate::manifest::place::Place;

use super::unique;

pub(super) fn check(manifest: &Place<'_>) {
    let backend = manifest.field("backend");
    let dashboard = manifest.field("dashboard");
    if let Some(backend) = &backend {
        path(backend, "wasm");
    }
    path(manifest, "migrations");
    if let (Some(migrations), false) = (manifest.field("migrations"), has_sql(manifest)) {
        migrations.invalid_fix(
            "the module has migrations and may have no tables",
            "write `\"sql\": true` in `permissions`, or leave `migrations` out",
        );
    }
    if let Some(dashboard) = &dashboard {
        check_dashboard(dashboard);
    }
    if backend.is_none() && dashboard.is_none() {
        manifest.invalid_fix(
            "the module has neither a backend nor pages",
            "add `backend` with the WebAssembly component, or `dashboard`",
        );
    }
    if backend.is_none() {
        for name in ["subscriptions", "hooks", "endpoints", "services", "jobs"] {
            if let Some(place) = manifest.field(name).filter(|_| has_any(manifest, name)) {
                place.invalid_fix(
                    format!("`{name}` need code that is called"),
                    "add `backend` with the WebAssembly component",
                );
            }
        }
    }
}

fn check_dashboard(dashboard: &Place<'_>) {
    path(dashboard, "assets");
    unique(dashboard, "pages", "name");
    let mut pages = BTreeSet::new();
    for page in dashboard.elements("pages") {
        path(&page, "entry");
        pages.extend(page.text_of("name").map(|(_, name)| name));
        super::http_api::permission(&page);
    }
    let pages: Vec<_> = pages.into_iter().collect();
    for entry in dashboard.elements("navigation") {
        if let Some((place, page)) = entry.text_of("page")
            && !pages.contains(&page)
        {
            place.unknown("the module has no page of this name", page, &pages);
        }
    }
}

fn path(place: &Place<'_>, name: &str) {
    if let Some((place, text)) = place.text_of(name)
        && let Err(error) = text.parse::<PackagePath>()
    {
        place.invalid(error.to_string());
    }
}

fn has_sql(manifest: &Place<'_>) -> bool {
    manifest.value.pointer("/permissions/sql").and_then(Value::as_bool) == Some(true)
}

fn has_any(manifest: &Place<'_>, list: &str) -> bool {
    manifest.elements(list).next().is_some()
}
