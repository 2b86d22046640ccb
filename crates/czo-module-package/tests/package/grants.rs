//! What a new version may do beyond the old one.

use czo_module_package::{Grant, GrantsDiff, Limit, ModuleManifest, ValidationOptions, validate};
use serde_json::{Value, json};

use crate::examples::{Folder, manifest, rules};

fn read(more: &Value) -> ModuleManifest {
    ModuleManifest::read(manifest(more).to_string().as_bytes(), &rules()).unwrap()
}

/// What is added, for people.
fn added(old: &Value, new: &Value) -> Vec<String> {
    let diff = GrantsDiff::between(&read(old), &read(new));
    assert_eq!(diff.widens(), !diff.added.is_empty());
    diff.added.iter().map(ToString::to_string).collect()
}

#[test]
fn everything_that_is_new_widens() {
    let endpoint = json!({ "name": "a", "method": "GET", "path": "/a", "public": true });
    let service = json!({ "name": "a", "methods": [{ "name": "b" }] });
    for (new, expected) in [
        (json!({ "permissions": { "http": ["a.com"] } }), "sends requests to a.com"),
        (json!({ "permissions": { "env": ["KEY"] } }), "reads the environment variable KEY"),
        (json!({ "permissions": { "sql": true } }), "has tables of its own"),
        (json!({ "permissions": { "kv": true } }), "keeps values by key"),
        (json!({ "permissions": { "events": ["tiny.a.b"] } }), "publishes tiny.a.b"),
        (json!({ "permissions": { "services": ["catalog"] } }), "calls the service catalog"),
        (json!({ "subscriptions": [{ "events": "#" }] }), "is told of #"),
        (json!({ "hooks": [{ "point": "a.b", "phase": "before" }] }), "takes part in a.b (before)"),
        (json!({ "endpoints": [endpoint] }), "answers GET /a to everybody"),
        (json!({ "services": [service] }), "offers the service a"),
        (json!({ "jobs": [{ "name": "a", "schedule": "0 4 * * *" }] }), "does a at 0 4 * * *"),
        (json!({ "limits": { "memoryMib": 128 } }), "uses up to 128 MiB"),
    ] {
        assert_eq!(added(&json!({}), &new), [expected]);
        assert_eq!(added(&new, &new), [""; 0]);
    }
}

#[test]
fn less_of_the_same_does_not_widen() {
    let hosts = |hosts: &[&str]| json!({ "permissions": { "http": hosts } });
    let wide = hosts(&["*.example.com"]);
    assert_eq!(added(&wide, &hosts(&["api.example.com", "a.b.example.com"])), [""; 0]);
    assert_eq!(added(&wide, &hosts(&["example.com"])).len(), 1);
    assert_eq!(added(&wide, &hosts(&["badexample.com"])).len(), 1);
    assert_eq!(added(&wide, &hosts(&["api.example.com:8443"])).len(), 1);
    assert_eq!(added(&hosts(&["api.example.com"]), &wide).len(), 1);
    assert_eq!(added(&json!({}), &json!({ "limits": { "cpuMs": 50 } })), [""; 0]);
}

#[test]
fn who_may_call_an_endpoint_narrows_and_widens() {
    let with = |more: Value| {
        let mut endpoint = json!({ "name": "a", "method": "GET", "path": "/a" });
        endpoint.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "endpoints": [endpoint] })
    };
    let (public, any, some) =
        (with(json!({ "public": true })), with(json!({})), with(json!({ "permission": "a:read" })));
    assert_eq!(added(&public, &any), [""; 0]);
    assert_eq!(added(&any, &some), [""; 0]);
    assert_eq!(added(&some, &any), ["answers GET /a"]);
    assert_eq!(added(&any, &public), ["answers GET /a to everybody"]);
    assert_eq!(added(&some, &with(json!({ "permission": "a:write" }))).len(), 1);
}

#[test]
fn a_hook_that_makes_operations_fail_widens() {
    let hook =
        |on: &str| json!({ "hooks": [{ "point": "a.b", "phase": "before", "onFailure": on }] });
    assert_eq!(added(&hook("open"), &hook("closed")), ["makes a.b (before) fail when it fails"]);
    assert_eq!(added(&hook("closed"), &hook("open")), [""; 0]);
}

#[test]
fn what_is_removed_is_told_and_does_not_widen() {
    let diff = GrantsDiff::between(
        &read(&json!({ "permissions": { "sql": true }, "limits": { "cpuMs": 200 } })),
        &read(&json!({})),
    );
    assert!(!diff.widens());
    assert_eq!(
        diff.removed.into_iter().collect::<Vec<_>>(),
        [Grant::Sql, Grant::Limit(Limit::CpuMs(200))]
    );
}

#[test]
fn the_report_of_an_update_has_what_is_new() {
    let folder = Folder::with_package(&json!({ "permissions": { "http": ["a.com"] } }));
    let old = read(&json!({}));
    let options = ValidationOptions { advisories: None, previous: Some(&old) };
    let report = validate(&folder.open().unwrap(), &options);
    assert!(report.findings.iter().any(|finding| finding.code == "grant-added"));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["grants"]["added"], json!([{ "kind": "http", "what": "a.com" }]));
    assert_eq!(json["version"], "1.0.0");
    assert!(report.to_string().starts_with("tiny 1.0.0 may be enabled: 0 errors, "));
}
