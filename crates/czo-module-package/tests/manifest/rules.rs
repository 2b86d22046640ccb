//! Rules that a schema can't state.

use serde_json::{Value, json};

use crate::examples::wrong;

/// Asserts that these fields are refused at `path`, for a reason that has `words` in it.
#[track_caller]
fn refused(more: &Value, path: &str, words: &str) {
    let seen = wrong(more);
    let is_it = |violation: &String| {
        violation.starts_with(&format!("{path}: ")) && violation.contains(words)
    };
    assert!(seen.iter().any(is_it), "{path} {words}: {seen:#?}");
}

#[track_caller]
fn fine(more: &Value) {
    assert_eq!(wrong(more), [""; 0]);
}

#[test]
fn a_module_is_for_this_version_of_czo() {
    refused(&json!({ "czo": ">=0.2" }), "/czo", "made for czo >=0.2, and this is czo 0.1.0");
    refused(&json!({ "czo": "soon" }), "/czo", "not a range of versions");
    refused(&json!({ "version": "1.0" }), "/version", "not a semantic version");
}

#[test]
fn a_licence_is_an_spdx_expression() {
    fine(&json!({ "license": "MIT OR Apache-2.0 WITH LLVM-exception" }));
    fine(&json!({ "license": "LicenseRef-proprietary" }));
    refused(&json!({ "license": "Apache 2" }), "/license", "not an SPDX expression");
    refused(&json!({ "license": "UNLICENSED" }), "/license", "LicenseRef-proprietary");
}

#[test]
fn paths_stay_within_the_package() {
    refused(&json!({ "backend": { "wasm": "../a.wasm" } }), "/backend/wasm", "without `..`");
    refused(&json!({ "backend": { "wasm": "/a.wasm" } }), "/backend/wasm", "absolute");
    let sql = json!({ "sql": true });
    refused(&json!({ "permissions": sql, "migrations": "a\\..\\b" }), "/migrations", "`/`");
    let page = json!({ "name": "a", "entry": "../x.html", "title": "A" });
    let dashboard = json!({ "assets": "/etc", "pages": [page] });
    refused(&json!({ "dashboard": dashboard }), "/dashboard/assets", "absolute");
    refused(&json!({ "dashboard": dashboard }), "/dashboard/pages/0/entry", "without `..`");
}

#[test]
fn migrations_need_tables() {
    fine(&json!({ "migrations": "migrations", "permissions": { "sql": true } }));
    refused(&json!({ "migrations": "migrations" }), "/migrations", "may have no tables");
}

#[test]
fn a_module_publishes_its_own_events_only() {
    fine(&json!({ "permissions": { "events": ["tiny.thing.done"] } }));
    let forged = json!({ "permissions": { "events": ["order.order.paid", "tiny"] } });
    refused(&forged, "/permissions/events/0", "begin it with `tiny.`");
    refused(&forged, "/permissions/events/1", "not a type of events");
}

#[test]
fn a_module_reads_no_variable_of_the_server() {
    let env = json!({ "permissions": { "env": ["CZO_DATABASE_URL", "key", "OWN_KEY"] } });
    refused(&env, "/permissions/env/0", "the server's own configuration");
    refused(&env, "/permissions/env/1", "no name of an environment variable");
    assert_eq!(wrong(&env).len(), 2);
}

#[test]
fn a_service_of_a_module_needs_the_module() {
    let services = json!({ "permissions": { "services": ["loyalty.points"] } });
    refused(&services, "/permissions/services/0", "add `loyalty` to `dependencies`");
    fine(&json!({
        "permissions": { "services": ["loyalty.points", "catalog"] },
        "dependencies": { "loyalty": "^1" },
    }));
    let unknown = json!({ "permissions": { "services": ["catalogue"] } });
    refused(&unknown, "/permissions/services/0", "did you mean `catalog`?");
    let own = json!({ "permissions": { "services": ["tiny.things"] } });
    refused(&own, "/permissions/services/0", "call itself");
}

#[test]
fn a_module_does_not_depend_on_itself() {
    refused(&json!({ "dependencies": { "tiny": "1" } }), "/dependencies/tiny", "on itself");
    refused(
        &json!({ "dependencies": { "other": "soon" } }),
        "/dependencies/other",
        "range of versions",
    );
    assert!(!wrong(&json!({ "dependencies": { "Other!": "1" } })).is_empty());
}

#[test]
fn hook_points_are_those_of_the_server_and_each_is_taken_once_in_a_phase() {
    let hook = |point: &str, phase: &str| json!({ "point": point, "phase": phase });
    let twice = hook("catalog.product.create", "before");
    refused(&json!({ "hooks": [twice, twice] }), "/hooks/1/point", "is there already");
    fine(&json!({ "hooks": [twice, hook("catalog.product.create", "after")] }));
    let near = json!({ "hooks": [hook("catalog.product.created", "before")] });
    refused(&near, "/hooks/0/point", "did you mean `catalog.product.create`?");
    let slow = json!({ "point": "catalog.product.create", "phase": "before", "timeoutMs": 900 });
    refused(
        &json!({ "hooks": [slow], "limits": { "wallMs": 500 } }),
        "/hooks/0/timeoutMs",
        "wait longer",
    );
}

#[test]
fn endpoints_are_told_apart_by_name_and_by_route() {
    let endpoint = |name: &str, method: &str, path: &str| json!({ "name": name, "method": method, "path": path });
    fine(
        &json!({ "endpoints": [endpoint("a", "GET", "/x/{id}"), endpoint("b", "POST", "/x/{id}")] }),
    );
    let same =
        json!({ "endpoints": [endpoint("a", "GET", "/x/{id}"), endpoint("a", "GET", "/x/{key}")] });
    refused(&same, "/endpoints/1/name", "is there already");
    refused(&same, "/endpoints/1/path", "is there already");
    let lower = json!({ "endpoints": [endpoint("a", "get", "/")] });
    refused(&lower, "/endpoints/0/method", "expected one of GET");
    let mut open = endpoint("a", "GET", "/");
    open["public"] = json!(true);
    open["permission"] = json!("loyalty:read");
    refused(&json!({ "endpoints": [open] }), "/endpoints/0/permission", "leave out `public`");
}

#[test]
fn metrics_have_few_labels_and_rising_buckets() {
    let metric = |kind: &str, buckets: Value| json!({ "name": "m", "kind": kind, "help": "M.", "buckets": buckets });
    fine(&json!({ "metrics": [metric("histogram", json!([0.1, 1, 10]))] }));
    let unsorted = json!({ "metrics": [metric("histogram", json!([1, 1, 10]))] });
    refused(&unsorted, "/metrics/0/buckets", "rise");
    let counter = json!({ "metrics": [metric("counter", json!([1]))] });
    refused(&counter, "/metrics/0/buckets", "only histograms");
    let labels =
        json!({ "name": "m", "kind": "gauge", "help": "M.", "labels": ["a", "a", "shop"] });
    refused(&json!({ "metrics": [labels] }), "/metrics/0/labels/1", "is there already");
    refused(&json!({ "metrics": [labels] }), "/metrics/0/labels/2", "by themselves");
}

#[test]
fn limits_are_within_those_of_the_server() {
    let limits = json!({ "limits": { "cpuMs": 5000, "wallMs": 100, "memoryMib": 0 } });
    refused(&limits, "/limits/cpuMs", "asks for 5000 ms, and this server allows 1000 ms");
    refused(&limits, "/limits/wallMs", "can't compute for 5000 ms");
    refused(&limits, "/limits/memoryMib", "less than the minimum");
}

#[test]
fn a_schema_of_a_configuration_stands_alone_and_is_one_of_an_object() {
    refused(&json!({ "config": { "type": "string" } }), "/config/type", "of an object");
    refused(&json!({ "config": { "properties": {} } }), "/config", "of an object");
    refused(&json!({ "config": [] }), "/config", "an object");
    let remote = json!({ "type": "object", "$ref": "https://example.com/schema.json" });
    refused(&json!({ "config": remote }), "/config/$ref", "into this schema");
    let circle = json!({ "type": "object", "$ref": "#" });
    refused(&json!({ "config": circle }), "/config", "refer back to itself");
    let wrong = json!({ "type": "object", "properties": { "a": { "type": "strin" } } });
    refused(&json!({ "config": wrong }), "/config/properties/a/type", "not a JSON Schema");
}

#[test]
fn code_that_is_called_needs_a_backend() {
    let dashboard = json!({
        "assets": "dashboard",
        "pages": [{ "name": "a", "entry": "a.html", "title": "A" }],
        "navigation": [{ "label": "A", "page": "b" }],
    });
    refused(&json!({ "dashboard": dashboard }), "/dashboard/navigation/0/page", "no page");
    let mut manifest = crate::examples::small(&json!({ "jobs": [{ "name": "a" }] }));
    manifest.as_object_mut().unwrap().remove("backend");
    let seen: Vec<_> = crate::examples::read(&manifest).unwrap_err();
    assert_eq!(seen.iter().map(|v| v.path.as_str()).collect::<Vec<_>>(), ["", "/jobs"]);
}
