//! What a component imports and exports, against its manifest.

use crate::component::{WIT_VERSION, interface, is_compatible};
use crate::{ComponentInfo, Finding, ModuleManifest, Severity};

/// How an interface is granted.
enum Grant {
    /// Every module has it.
    Always,
    /// The manifest grants it if this is so, in this field, e.g. with this.
    By { is_granted: bool, field: &'static str, example: &'static str },
    /// There is no such interface.
    Unknown,
}

fn grant(manifest: &ModuleManifest, interface: &str) -> Grant {
    let may = &manifest.permissions;
    let by = |is_granted, field, example| Grant::By { is_granted, field, example };
    match interface {
        "types" | "log" | "config" | "clock" | "random" | "metrics" => Grant::Always,
        "kv" => by(may.kv, "permissions.kv", "true"),
        "sql" => by(may.sql, "permissions.sql", "true"),
        "http" => by(!may.http.is_empty(), "permissions.http", r#"["api.example.com"]"#),
        "secrets" => by(!may.env.is_empty(), "permissions.env", r#"["API_KEY"]"#),
        "publisher" => {
            by(!may.events.is_empty(), "permissions.events", r#"["<module>.<entity>.<action>"]"#)
        }
        "services" => by(!may.services.is_empty(), "permissions.services", r#"["catalog"]"#),
        "jobs" => by(!manifest.jobs.is_empty(), "jobs", r#"[{ "name": "..." }]"#),
        _ => Grant::Unknown,
    }
}

/// The interfaces that manifests grant.
const GRANTED: [&str; 7] = ["kv", "sql", "http", "secrets", "publisher", "services", "jobs"];

/// Compares what the component imports and exports with what the manifest says.
pub(super) fn check(manifest: &ModuleManifest, info: &ComponentInfo, findings: &mut Vec<Finding>) {
    let place = manifest.backend.as_ref().map_or("", |backend| backend.wasm.as_str());
    let mut note = |severity, code, message: String, fix: String| {
        findings.push(Finding { severity, place: place.to_owned(), code, message, fix });
    };
    for import in &info.imports {
        if let Some((name, version)) = interface(import) {
            let serves = format!("this server has `czo:module@{WIT_VERSION}`");
            match (grant(manifest, name), version) {
                (Grant::Unknown, _) => note(
                    Severity::Error,
                    "import-unknown",
                    format!("it imports `{import}`, and there is no such interface"),
                    format!("build it with the SDK of this server; {serves}"),
                ),
                (_, version) if !version.as_ref().is_some_and(is_compatible) => note(
                    Severity::Error,
                    "wit-version",
                    format!("it imports `{import}`, and {serves}"),
                    "build it with the SDK of this server, or update czo".to_owned(),
                ),
                (Grant::By { is_granted: false, field, example }, _) => note(
                    Severity::Error,
                    "import-not-granted",
                    format!("it imports `{import}`, which the manifest does not grant"),
                    format!("add `{field}` to the manifest, such as {example}, or don't use it"),
                ),
                _ => {}
            }
        }
    }
    others(info, &mut note);
    unused(manifest, info, &mut note);
    exports(manifest, info, &mut note);
}

/// What is not an interface of czo. The standard library imports many of a kind at once, so each kind
/// is told once.
fn others(info: &ComponentInfo, note: &mut impl FnMut(Severity, &'static str, String, String)) {
    let (mut network, mut files) = (Vec::new(), Vec::new());
    for import in info.imports.iter().filter(|import| interface(import).is_none()) {
        let package = import.split('/').next().unwrap_or_default();
        let is_version_2 =
            import.split_once('@').is_some_and(|(_, version)| version.starts_with("0.2."));
        match package {
            "wasi:sockets" | "wasi:http" | "wasi:tls" => network.push(import.as_str()),
            "wasi:filesystem" if is_version_2 => files.push(import.as_str()),
            "wasi:cli" | "wasi:clocks" | "wasi:io" | "wasi:random" if is_version_2 => {}
            _ => note(
                Severity::Error,
                "import-unknown",
                format!("it imports `{import}`, which modules don't get"),
                "use what `czo:module` and WASI 0.2 without network offer".to_owned(),
            ),
        }
    }
    if !network.is_empty() {
        let network = network.join("`, `");
        note(
            Severity::Error,
            "import-network",
            format!("it imports `{network}`, and modules have no network of their own"),
            "send requests with `czo:module/http`, to the hosts in `permissions.http`".to_owned(),
        );
    }
    if !files.is_empty() {
        let files = files.join("`, `");
        note(
            Severity::Note,
            "import-filesystem",
            format!("it imports `{files}`, as the standard library does; no file is there"),
            "nothing, unless the module needs files: keep them in `kv` or `sql`".to_owned(),
        );
    }
}

fn unused(
    manifest: &ModuleManifest,
    info: &ComponentInfo,
    note: &mut impl FnMut(Severity, &'static str, String, String),
) {
    let imports = |wanted: &str| {
        info.imports.iter().filter_map(|name| interface(name)).any(|(name, _)| name == wanted)
    };
    for name in GRANTED {
        // A job may be there for its schedule only.
        let is_for_itself =
            name == "jobs" && manifest.jobs.iter().all(|job| job.schedule.is_some());
        if let Grant::By { is_granted: true, field, .. } = grant(manifest, name)
            && !imports(name)
            && !is_for_itself
            // Migrations make tables that another version may use.
            && !(name == "sql" && manifest.migrations.is_some())
        {
            note(
                Severity::Warning,
                "grant-unused",
                format!("the manifest grants `{field}`, and it does not import `{name}`"),
                format!(
                    "leave `{field}` out of the manifest: a module should have no more than it needs"
                ),
            );
        }
    }
    if imports("metrics") && manifest.metrics.is_empty() {
        note(
            Severity::Warning,
            "metrics-undeclared",
            "it imports `metrics`, and the manifest declares none: nothing is counted".to_owned(),
            "add the metrics to `metrics` in the manifest".to_owned(),
        );
    }
}

fn exports(
    manifest: &ModuleManifest,
    info: &ComponentInfo,
    note: &mut impl FnMut(Severity, &'static str, String, String),
) {
    for (field, is_there, wanted) in [
        ("subscriptions", !manifest.subscriptions.is_empty(), "event-handler"),
        ("endpoints", !manifest.endpoints.is_empty(), "endpoint-handler"),
        ("hooks", !manifest.hooks.is_empty(), "hook-handler"),
        ("services", !manifest.services.is_empty(), "service-handler"),
        ("jobs", !manifest.jobs.is_empty(), "job-handler"),
    ] {
        let exported = info.exports.iter().filter_map(|name| interface(name));
        let export = exported.filter(|(name, _)| *name == wanted).max();
        match (is_there, export) {
            (true, None) => note(
                Severity::Error,
                "export-missing",
                format!("the manifest has `{field}`, and it does not export `{wanted}`"),
                format!("export `czo:module/{wanted}@{WIT_VERSION}`, or leave `{field}` out"),
            ),
            (true, Some((_, version))) if !version.as_ref().is_some_and(is_compatible) => note(
                Severity::Error,
                "wit-version",
                format!("it exports another `{wanted}` than that of `czo:module@{WIT_VERSION}`"),
                "build it with the SDK of this server, or update czo".to_owned(),
            ),
            (false, Some(_)) => note(
                Severity::Warning,
                "export-unused",
                format!(
                    "it exports `{wanted}`, and the manifest has no `{field}`: it is not called"
                ),
                format!("add `{field}` to the manifest, or don't export it"),
            ),
            _ => {}
        }
    }
}
