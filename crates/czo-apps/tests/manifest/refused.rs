use czo_core::{Classified, ErrorKind, FieldErrorCode};
use serde_json::{Value, json};

use crate::fixture::{full, read, violation, violations, with, without};

/// Each spoiled manifest has this one violation.
#[track_caller]
fn check(cases: &[(&str, Value, &str)]) {
    for (pointer, value, expected) in cases {
        let found = violation(&with(pointer, value.clone()));
        assert_eq!(found, *expected, "{value} at {pointer}");
    }
}

#[test]
fn each_field_that_is_required_is_missed() {
    for pointer in [
        "/id",
        "/name",
        "/version",
        "/author",
        "/handshakeUrl",
        "/czo",
        "/permissions/0/resource",
        "/permissions/0/scope",
        "/permissions/0/purpose",
        "/webhooks/0/identifier",
        "/webhooks/0/events",
        "/webhooks/0/targetUrl",
        "/webhooks/0/mode",
        "/webhooks/1/sync",
        "/webhooks/1/sync/deadlineMilliseconds",
        "/webhooks/1/sync/onFailure",
        "/extensions/1/identifier",
        "/extensions/1/mount",
        "/extensions/1/label",
        "/extensions/1/url",
    ] {
        let found = violations(&without(pointer));
        let expected = format!("{pointer}: this field is required");
        assert!(found.contains(&expected), "{found:?}");
    }
}

#[test]
fn a_manifest_without_app_url_is_told_so_once_and_not_at_each_relative_url() {
    assert_eq!(violation(&without("/appUrl")), "/appUrl: this field is required");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_sorted_by_place() {
    let mut manifest = full();
    manifest["id"] = json!("Loyalty");
    manifest["naem"] = json!("Loyalty");
    manifest["permissions"][0]["scope"] = json!("shops");
    manifest["webhooks"][1]["events"] = json!(["order.item.plcaed", "order.*.*"]);
    manifest["webhooks"][1]["sync"]["deadlineMilliseconds"] = json!(99);
    manifest["extensions"][0]["url"] = json!("ftp://example.org");
    manifest["czo"] = json!("^2");
    let error = read(&manifest).unwrap_err();
    let found: Vec<_> = error.violations().iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "/czo: the app is made for czo ^2, and this is czo 0.1.0",
            "/extensions/0/url: expected a URL that begins with `https://`",
            "/id: `Loyalty` is not an id of an app: expected words of a-z, 0-9 and -, separated by dots, starting with a letter, 3 to 100 bytes, such as `com.example.stripe`",
            "/naem: unknown field `naem`; did you mean `name`?",
            "/permissions/0/scope: expected `own` or `shop` or `global`, found `shops`; did you mean `shop`?",
            "/webhooks/1/events/0: no event matches `order.item.plcaed`; did you mean `order.item.placed`?",
            "/webhooks/1/sync/deadlineMilliseconds: expected a whole number from 100 to 10000, found 99",
        ]
    );
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(error.field_errors()[5].field, ["webhooks", "1", "events", "0"]);
    assert_eq!(error.field_errors()[5].code, FieldErrorCode::NotFound);
    assert!(error.to_string().ends_with("and 6 more"), "{error}");
}

#[test]
fn a_value_of_another_type_is_refused() {
    check(&[
        ("/name", json!(7), "/name: expected text, found a number"),
        ("/name", json!(null), "/name: expected text, found null"),
        ("/about", json!(null), "/about: expected text, found null"),
        ("/webhooks", json!({}), "/webhooks: expected a list, found an object"),
        ("/webhooks/0", json!("x"), "/webhooks/0: expected an object, found text"),
        (
            "/webhooks/1/sync/deadlineMilliseconds",
            json!("800"),
            "/webhooks/1/sync/deadlineMilliseconds: expected a whole number from 100 to 10000, found text",
        ),
        (
            "/webhooks/1/sync/deadlineMilliseconds",
            json!(800.5),
            "/webhooks/1/sync/deadlineMilliseconds: expected a whole number from 100 to 10000, found 800.5",
        ),
    ]);
    assert_eq!(violation(&json!([])), "expected an object, found a list");
}

#[test]
fn a_field_that_there_is_not_is_seen_wherever_it_is() {
    check(&[
        (
            "/permisions",
            json!([]),
            "/permisions: unknown field `permisions`; did you mean `permissions`?",
        ),
        ("/x", json!(1), "/x: unknown field `x`"),
        ("/a~1b", json!(1), "/a~01b: unknown field `a~1b`"),
        (
            "/permissions/0/purposes",
            json!("x"),
            "/permissions/0/purposes: unknown field `purposes`; did you mean `purpose`?",
        ),
        (
            "/webhooks/0/targetURL",
            json!("x"),
            "/webhooks/0/targetURL: unknown field `targetURL`; did you mean `targetUrl`?",
        ),
        (
            "/webhooks/1/sync/on_failure",
            json!("x"),
            "/webhooks/1/sync/on_failure: unknown field `on_failure`; did you mean `onFailure`?",
        ),
        ("/webhooks/0/order/bye", json!("x"), "/webhooks/0/order/bye: unknown field `bye`"),
        (
            "/extensions/0/lable",
            json!("x"),
            "/extensions/0/lable: unknown field `lable`; did you mean `label`?",
        ),
    ]);
}

#[test]
fn a_permission_that_there_is_not_is_refused_with_what_was_meant() {
    check(&[
        (
            "/permissions/1/actions/1",
            json!("wirte"),
            "/permissions/1/actions/1: there is no permission `product:wirte`; did you mean `write`?",
        ),
        (
            "/permissions/1/actions/1",
            json!("publish"),
            "/permissions/1/actions/1: there is no permission `product:publish`; there is `read`, `write`",
        ),
        (
            "/permissions/1/actions",
            json!([]),
            "/permissions/1/actions: expected at least 1, found 0",
        ),
    ]);
    let found = violations(&with("/permissions/0/resource", json!("ordr")));
    assert_eq!(
        found,
        [
            "/extensions/0/permissions/0: the app does not ask for `order:read` in its `permissions`",
            "/permissions/0/resource: there is no resource `ordr`; did you mean `order`?",
        ]
    );
}

#[test]
fn a_permission_is_asked_for_once() {
    check(&[
        (
            "/permissions/1/actions",
            json!(["read", "write", "read"]),
            "/permissions/1/actions/2: `product:read` is asked for twice",
        ),
        (
            "/permissions/-",
            json!({ "resource": "order", "actions": ["read"], "scope": "global", "purpose": "x" }),
            "/permissions/2/actions/0: `order:read` is asked for twice",
        ),
    ]);
}

#[test]
fn an_extension_needs_no_more_than_the_app_asks_for() {
    check(&[
        (
            "/extensions/0/permissions/0",
            json!("order:write"),
            "/extensions/0/permissions/0: the app does not ask for `order:write` in its `permissions`",
        ),
        (
            "/extensions/0/permissions/0",
            json!("ordr:read"),
            "/extensions/0/permissions/0: the app does not ask for `ordr:read` in its `permissions`; did you mean `order:read`?",
        ),
        (
            "/extensions/0/permissions/-",
            json!("order:read"),
            "/extensions/0/permissions/1: `order:read` is named twice",
        ),
        (
            "/extensions/0/permissions/0",
            json!("order"),
            "/extensions/0/permissions/0: `order` is not a permission: expected `resource:action`, each of a-z, 0-9 and _",
        ),
    ]);
}

#[test]
fn an_identifier_names_one_thing() {
    check(&[
        (
            "/webhooks/1/identifier",
            json!("orders"),
            "/webhooks/1/identifier: `orders` names another one already",
        ),
        (
            "/extensions/1/identifier",
            json!("points"),
            "/extensions/1/identifier: `points` names another one already",
        ),
        (
            "/extensions/1/identifier",
            json!("Points"),
            "/extensions/1/identifier: `Points` is not an identifier: expected a-z, 0-9, - and _, starting with a letter, 64 bytes at most, such as `order-placed`",
        ),
    ]);
    // A webhook and an extension may share one.
    assert_eq!(violations(&with("/extensions/1/identifier", json!("orders"))), [""; 0]);
}

#[test]
fn a_pattern_that_no_event_matches_is_refused() {
    check(&[
        (
            "/webhooks/0/events/0",
            json!("orders.#"),
            "/webhooks/0/events/0: no event matches `orders.#`; did you mean `order.#`?",
        ),
        (
            "/webhooks/0/events/0",
            json!("invoice.document.sent"),
            "/webhooks/0/events/0: no event matches `invoice.document.sent`",
        ),
        (
            "/webhooks/0/events/0",
            json!("order:placed"),
            "/webhooks/0/events/0: `order:placed` is not a pattern of event types: expected words of a-z, 0-9 and _, `*` (one word) or `#` (any number of words), separated by dots",
        ),
        (
            "/webhooks/0/events/-",
            json!("order.#"),
            "/webhooks/0/events/2: `order.#` is named twice",
        ),
        ("/webhooks/0/events", json!([]), "/webhooks/0/events: expected at least 1, found 0"),
    ]);
}

#[test]
fn what_is_for_one_mode_is_refused_with_the_other() {
    let mut asked = full();
    asked["webhooks"][1]["order"] = json!({ "by": "key" });
    assert_eq!(violation(&asked), "/webhooks/1/order: only `async` webhooks have an order");
    let mut told = full();
    told["webhooks"][0]["sync"] = told["webhooks"][1]["sync"].clone();
    assert_eq!(violation(&told), "/webhooks/0/sync: only `sync` webhooks are waited for");
    check(&[
        (
            "/webhooks/0/order/by",
            json!("shop"),
            "/webhooks/0/order/by: expected `key`, found `shop`",
        ),
        (
            "/webhooks/0/mode",
            json!("asnyc"),
            "/webhooks/0/mode: expected `async` or `sync`, found `asnyc`; did you mean `async`?",
        ),
        (
            "/webhooks/1/sync/onFailure",
            json!("lastGood"),
            "/webhooks/1/sync/onFailure: expected `closed` or `open` or `last_good`, found `lastGood`; did you mean `last_good`?",
        ),
    ]);
    // Both may be filtered.
    let filter = json!({ "path": "/data/total", "gt": 0 });
    assert_eq!(violations(&with("/webhooks/1/filter", filter)), [""; 0]);
}

#[test]
fn deadlines_are_from_100_ms_to_10_s() {
    for (deadline, fits) in [(99, false), (100, true), (10_000, true), (10_001, false)] {
        let manifest = with("/webhooks/1/sync/deadlineMilliseconds", json!(deadline));
        assert_eq!(read(&manifest).is_ok(), fits, "{deadline}");
    }
}

#[test]
fn versions_are_semantic_ones() {
    check(&[
        (
            "/version",
            json!("1.4"),
            "/version: expected a semantic version such as `1.4.0`, found `1.4`",
        ),
        (
            "/version",
            json!("v1.4.0"),
            "/version: expected a semantic version such as `1.4.0`, found `v1.4.0`",
        ),
        (
            "/czo",
            json!("any"),
            "/czo: expected a range of versions such as `>=0.1, <0.3`, found `any`",
        ),
        ("/czo", json!(">=0.2"), "/czo: the app is made for czo >=0.2, and this is czo 0.1.0"),
    ]);
}

#[test]
fn a_mount_that_there_is_not_is_refused() {
    check(&[(
        "/extensions/0/mount",
        json!("ORDER_DETAIL"),
        "/extensions/0/mount: expected `PRODUCT_DETAILS` or `ORDER_DETAILS` or `NAVIGATION` or `SETTINGS`, found `ORDER_DETAIL`; did you mean `ORDER_DETAILS`?",
    )]);
}
