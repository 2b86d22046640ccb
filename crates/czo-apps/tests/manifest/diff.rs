use czo_apps::{Direction, ManifestDiff, PermissionScope};
use serde_json::{Value, json};

use crate::fixture::{full, read, with};

fn diff(old: &Value, new: &Value) -> ManifestDiff {
    ManifestDiff::between(&read(old).unwrap(), &read(new).unwrap())
}

#[test]
fn a_manifest_does_not_differ_from_itself() {
    let diff = diff(&full(), &full());
    assert!(diff.is_empty() && !diff.needs_consent());
    assert_eq!(diff.to_string(), "version 1.4.0");
}

#[test]
fn more_permissions_and_wider_scopes_need_consent() {
    let more = with("/permissions/0/actions", json!(["read", "write"]));
    let found = diff(&full(), &more);
    assert!(found.needs_consent());
    assert_eq!(found.to_string(), "version 1.4.0\n+ permission order:write (shop)");

    let wider = diff(&full(), &with("/permissions/0/scope", json!("global")));
    assert!(wider.needs_consent());
    let [change] = &wider.added_permissions[..] else { panic!("one change") };
    assert_eq!(change.from, Some(PermissionScope::Shop));
    assert_eq!(change.to, Some(PermissionScope::Global));
    assert_eq!(wider.to_string(), "version 1.4.0\n+ permission order:read (shop to global)");
}

#[test]
fn fewer_permissions_and_narrower_scopes_need_none() {
    let fewer = diff(&full(), &with("/permissions/1/actions", json!(["read"])));
    assert!(!fewer.needs_consent() && !fewer.is_empty());
    assert_eq!(fewer.to_string(), "version 1.4.0\n- permission product:write (own)");

    let narrower = diff(&full(), &with("/permissions/0/scope", json!("own")));
    assert!(!narrower.needs_consent());
    assert_eq!(narrower.to_string(), "version 1.4.0\n- permission order:read (shop to own)");
}

#[test]
fn the_same_permissions_written_otherwise_are_no_change() {
    let mut split = full();
    let purpose = "To sell vouchers.";
    split["permissions"] = json!([
        { "resource": "product", "actions": ["write"], "scope": "own", "purpose": purpose },
        { "resource": "product", "actions": ["read"], "scope": "own", "purpose": purpose },
        split["permissions"][0],
    ]);
    assert!(diff(&full(), &split).is_empty());
    let other_reason = diff(&full(), &with("/permissions/0/purpose", json!("To look.")));
    assert!(!other_reason.needs_consent());
    assert_eq!(other_reason.fields, ["purpose"]);
}

#[test]
fn parts_are_known_by_their_identifiers() {
    let mut new = full();
    let webhooks = new["webhooks"].as_array_mut().unwrap();
    webhooks.swap(0, 1);
    webhooks[1]["targetUrl"] = json!("hooks/all-orders");
    webhooks[1].as_object_mut().unwrap().remove("filter");
    webhooks[0]["identifier"] = json!("prices");
    new["extensions"][1]["identifier"] = json!("set-up");
    let found = diff(&full(), &new);
    assert!(!found.needs_consent());
    assert_eq!(
        found.to_string(),
        "version 1.4.0\n\
         + webhook prices\n\
         - webhook discounts\n\
         ~ webhook orders (filter, targetUrl)\n\
         + extension set-up\n\
         - extension settings"
    );
}

#[test]
fn another_host_needs_consent_and_is_told_with_what_is_there() {
    let mut new = full();
    new["webhooks"][0]["targetUrl"] = json!("https://hooks.example.net/orders");
    new["extensions"][1]["url"] = json!("https://hooks.example.net/settings");
    new["manifestUrl"] = json!("https://example.com:8443/manifest.json");
    let found = diff(&full(), &new);
    assert!(found.needs_consent());
    let told = found.to_string();
    let hosts: Vec<_> = told.lines().filter(|line| line.starts_with("+ host")).collect();
    assert_eq!(
        hosts,
        [
            "+ host https://example.com:8443 (manifestUrl)",
            "+ host https://hooks.example.net (webhook orders, extension settings)",
        ]
    );
    // Where the app is already, it needs none; a help page is nothing that is sent to.
    let mut same = full();
    same["webhooks"][1]["targetUrl"] = json!("elsewhere/discounts");
    same["supportUrl"] = json!("https://help.example.net/");
    assert!(!diff(&full(), &same).needs_consent());
}

#[test]
fn versions_go_up_or_down() {
    let direction = |version: &str| {
        let diff = diff(&full(), &with("/version", json!(version)));
        (diff.version.direction, diff.is_empty())
    };
    assert_eq!(direction("1.10.0"), (Direction::Up, false));
    assert_eq!(direction("1.4.0-rc.1"), (Direction::Down, false));
    assert_eq!(direction("1.4.0+build.7"), (Direction::Same, false));
    assert_eq!(direction("1.4.0"), (Direction::Same, true));
}

#[test]
fn a_diff_is_json_for_the_api() {
    let mut new = full();
    new["version"] = json!("2.0.0");
    new["handshakeUrl"] = json!("https://other.example.org/handshake");
    new["configSchema"]["required"] = json!([]);
    new["permissions"][0]["scope"] = json!("global");
    assert_eq!(
        serde_json::to_value(diff(&full(), &new)).unwrap(),
        json!({
            "version": { "from": "1.4.0", "to": "2.0.0", "direction": "up" },
            "addedPermissions": [{ "permission": "order:read", "from": "shop", "to": "global" }],
            "removedPermissions": [],
            "newHosts": [{ "host": "https://other.example.org", "places": ["handshakeUrl"] }],
            "webhooks": { "added": [], "removed": [], "changed": [] },
            "extensions": { "added": [], "removed": [], "changed": [] },
            "configSchemaChanged": true,
            "fields": ["handshakeUrl"],
        })
    );
}
