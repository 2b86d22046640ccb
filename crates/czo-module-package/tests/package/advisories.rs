//! What a package was made of, and what is known of that.

use std::fs::File;
use std::io::Write as _;

use czo_module_package::{Advisories, Severity, ValidationOptions, validate};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};

use crate::examples::{Folder, component};

/// A component with what `cargo auditable` puts into its core module.
fn auditable(packages: &Value) -> Vec<u8> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(json!({ "packages": packages }).to_string().as_bytes()).unwrap();
    let data: String = zlib.finish().unwrap().iter().map(|byte| format!("\\{byte:02x}")).collect();
    wat::parse_str(format!("(component (core module (@custom \".dep-v0\" \"{data}\")))")).unwrap()
}

fn with_crates(packages: &Value) -> Folder {
    let folder = Folder::with_package(&json!({}));
    folder.write("dist/tiny.wasm", auditable(packages));
    folder
}

fn advisory(ecosystem: &str, name: &str, events: &Value) -> Value {
    json!({
        "id": "TEST-1",
        "summary": "It leaks.",
        "affected": [{
            "package": { "ecosystem": ecosystem, "name": name },
            "ranges": [{ "type": "SEMVER", "events": events }],
        }],
    })
}

/// The advisories of some records, in files of a folder.
fn osv(records: &[Value]) -> Advisories {
    let folder = Folder::new();
    for (index, record) in records.iter().enumerate() {
        folder.write(&format!("crates.io/{index}.json"), record.to_string());
    }
    Advisories::open(folder.path()).unwrap()
}

/// What is found, as `code message` and `fix`.
fn found(folder: &Folder, advisories: Option<&Advisories>) -> Vec<(String, String)> {
    let options = ValidationOptions { advisories, previous: None };
    let report = validate(&folder.open().unwrap(), &options);
    let told =
        |f: &czo_module_package::Finding| (format!("{} {}", f.code, f.message), f.fix.clone());
    report.findings.iter().map(told).collect()
}

fn leaky(version: &str) -> Value {
    json!([
        { "name": "tiny", "version": "1.0.0", "source": "local", "root": true },
        { "name": "leaky", "version": version, "source": "crates.io" },
    ])
}

#[test]
fn a_vulnerable_crate_is_an_error_with_the_version_that_is_not() {
    let advisories = osv(&[advisory(
        "crates.io",
        "leaky",
        &json!([{ "introduced": "0" }, { "fixed": "1.2.0" }]),
    )]);
    let found = found(&with_crates(&leaky("1.1.9")), Some(&advisories));
    assert_eq!(
        found,
        [(
            "dependency-vulnerable the crate leaky 1.1.9 is vulnerable: TEST-1 It leaks."
                .to_owned(),
            "build it with leaky 1.2.0 or later".to_owned()
        )]
    );
}

#[test]
fn only_versions_within_a_range_are_vulnerable() {
    let events = json!([
        { "introduced": "2.0.0" },
        { "last_affected": "2.3.0" },
        { "introduced": "0.1.0" },
        { "fixed": "1.0.0" },
    ]);
    let advisories = osv(&[advisory("crates.io", "leaky", &events)]);
    for (version, is_vulnerable) in [
        ("0.0.9", false),
        ("0.1.0", true),
        ("0.9.9", true),
        ("1.0.0-rc.1", true),
        ("1.0.0", false),
        ("2.0.0", true),
        ("2.3.0", true),
        ("2.3.1", false),
        ("not a version", false),
    ] {
        let found = found(&with_crates(&leaky(version)), Some(&advisories));
        assert_eq!(!found.is_empty(), is_vulnerable, "{version}");
    }
}

#[test]
fn versions_that_are_listed_are_vulnerable_and_what_is_withdrawn_is_not() {
    let mut listed = advisory("crates.io", "leaky", &json!([]));
    listed["affected"][0]["versions"] = json!(["1.0.0"]);
    let mut withdrawn = listed.clone();
    withdrawn["withdrawn"] = json!("2026-01-01T00:00:00Z");
    let folder = with_crates(&leaky("1.0.0"));
    assert_eq!(found(&folder, Some(&osv(&[listed]))).len(), 1);
    assert_eq!(found(&folder, Some(&osv(&[withdrawn]))).len(), 0);
}

#[test]
fn what_only_builds_and_what_is_from_elsewhere_is_left_out() {
    let advisories = osv(&[advisory("crates.io", "leaky", &json!([{ "introduced": "0" }]))]);
    let crates = json!([
        { "name": "leaky", "version": "1.0.0", "source": "crates.io", "kind": "build" },
        { "name": "leaky", "version": "1.0.0", "source": "git" },
    ]);
    assert_eq!(found(&with_crates(&crates), Some(&advisories)), []);
}

#[test]
fn packages_of_npm_are_read_from_the_lock_file() {
    let folder = Folder::with_dashboard(&[]);
    folder.write("dist/tiny.wasm", auditable(&json!([])));
    let lock = json!({ "lockfileVersion": 3, "packages": {
        "": { "name": "tiny", "version": "1.0.0" },
        "node_modules/leaky": { "version": "1.0.0" },
        "node_modules/a/node_modules/@x/leaky": { "version": "2.0.0" },
        "node_modules/alias": { "name": "leaky", "version": "3.0.0" },
        "node_modules/tool": { "version": "1.0.0", "dev": true },
    }});
    folder.write("package-lock.json", lock.to_string());
    let all = json!([{ "introduced": "0" }]);
    let advisories = osv(&[
        advisory("npm", "leaky", &all),
        advisory("npm", "@x/leaky", &all),
        advisory("npm", "tool", &all),
        advisory("crates.io", "a", &all),
    ]);
    let found: Vec<_> =
        found(&folder, Some(&advisories)).into_iter().map(|(message, _)| message).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    for name in ["leaky 1.0.0", "@x/leaky 2.0.0", "leaky 3.0.0"] {
        assert!(
            found.iter().any(|found| found.contains(&format!("npm package {name} is"))),
            "{name}"
        );
    }
}

#[test]
fn what_is_not_known_is_a_warning() {
    let folder = Folder::with_dashboard(&[]);
    std::fs::remove_file(folder.path().join("package-lock.json")).unwrap();
    let report = folder.report();
    assert!(!report.blocks());
    let codes: Vec<_> = report.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["dependencies-unknown", "dependencies-unknown"]);
    let report = with_crates(&leaky("1.0.0")).report();
    assert_eq!(report.findings[0].code, "advisories-missing");
    assert_eq!(report.findings[0].severity, Severity::Warning);
    let folder = with_crates(&json!([]));
    folder.write(
        "dist/tiny.wasm",
        wat::parse_str("(component (core module (@custom \".dep-v0\" \"x\")))").unwrap(),
    );
    assert_eq!(folder.report().findings[0].code, "dependencies-unknown");
}

#[test]
fn a_database_is_read_from_an_archive_too_and_what_is_no_record_is_counted() {
    let folder = Folder::new();
    let path = folder.path().join("all.zip");
    let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
    let record = advisory("crates.io", "leaky", &json!([{ "introduced": "0" }]));
    for (name, text) in
        [("a.json", record.to_string()), ("b.json", "{".to_owned()), ("c.txt", String::new())]
    {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    for path in [path.as_path(), folder.path()] {
        let advisories = Advisories::open(path).unwrap();
        assert_eq!((advisories.packages(), advisories.unreadable()), (1, 1));
    }
    assert!(Advisories::open(&folder.path().join("nowhere")).is_err());
}

#[test]
fn a_component_without_dependencies_is_not_unknown() {
    let folder = with_crates(&json!([]));
    assert_eq!(found(&folder, None), []);
    let folder = Folder::with_package(&json!({}));
    folder.write("dist/tiny.wasm", component(&[], &[]));
    assert_eq!(folder.report().findings[0].code, "dependencies-unknown");
}
