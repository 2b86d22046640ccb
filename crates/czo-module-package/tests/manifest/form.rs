//! What a manifest looks like.

use czo_core::{Classified, ErrorKind};
use czo_module_package::{ManifestError, ModuleManifest};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::examples::{loyalty, read, rules, small, wrong};

#[test]
fn the_example_is_good_and_survives_being_written() {
    let manifest = read(&loyalty()).unwrap();
    assert_eq!(manifest.name.as_str(), "loyalty-points");
    let written = serde_json::to_vec(&manifest).unwrap();
    assert_eq!(ModuleManifest::read(&written, &rules()).unwrap(), manifest);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    let mut manifest = loyalty();
    manifest["name"] = json!("Loyalty Points");
    manifest["endpoint"] = json!([]);
    manifest["endpoints"][0]["path"] = json!("/../admin");
    manifest["hooks"][0]["phase"] = json!("befor");
    manifest["limits"]["memoryMib"] = json!(4096);
    manifest["metrics"][0]["labels"] = json!(["a", "b", "c", "d", "e"]);
    manifest["subscriptions"][1]["events"] = json!("order..paid");
    manifest.as_object_mut().unwrap().remove("license");
    let paths: Vec<_> = read(&manifest).unwrap_err().into_iter().map(|v| v.path).collect();
    assert_eq!(
        paths,
        [
            "/endpoint",
            "/endpoints/0/path",
            "/hooks/0/phase",
            "/license",
            "/limits/memoryMib",
            "/metrics/0/labels",
            "/name",
            "/subscriptions/1/events",
        ]
    );
}

#[test]
fn an_unknown_field_is_refused_with_what_was_probably_meant() {
    let seen =
        wrong(&json!({ "endpoint": [], "backend": { "wasm": "a.wasm", "keepinstance": true } }));
    assert_eq!(
        seen,
        [
            "/backend/keepinstance: unknown field `keepinstance`; did you mean `keepInstance`?",
            "/endpoint: unknown field `endpoint`; did you mean `endpoints`?",
        ]
    );
}

#[test]
fn a_word_that_is_not_among_those_known_is_refused_with_them() {
    let seen =
        wrong(&json!({ "hooks": [{ "point": "catalog.product.create", "phase": "befor" }] }));
    assert_eq!(
        seen,
        [
            "/hooks/0/phase: expected one of before, after, on-error, found `befor`; did you mean `before`?"
        ]
    );
}

#[test]
fn a_field_that_is_missing_is_named_with_what_belongs_there() {
    let mut manifest = small(&json!({}));
    manifest.as_object_mut().unwrap().remove("author");
    let violations = read(&manifest).unwrap_err();
    assert_eq!(violations[0].to_string(), "/author: this field is required; add it: Who made it.");
}

#[test]
fn a_field_that_may_be_left_out_may_not_be_null() {
    for name in ["backend", "dashboard", "migrations", "hooks", "permissions", "limits", "config"] {
        let seen = wrong(&json!({ name: null }));
        assert!(seen.iter().any(|v| v.starts_with(&format!("/{name}: "))), "{name}: {seen:?}");
    }
}

#[test]
fn a_manifest_with_more_wrong_than_is_kept_is_refused_with_what_is_kept() {
    let fields: serde_json::Map<_, _> = (0..2000).map(|n| (format!("x{n}"), json!(1))).collect();
    let violations = read(&small(&Value::Object(fields))).unwrap_err();
    assert_eq!(violations.len(), ManifestError::MAX_VIOLATIONS);
}

#[test]
fn what_is_no_json_object_is_invalid() {
    for bytes in [&b"\xff\xfe{}"[..], b"", b"[]", b"null", b"{\"name\": 1, \"name\": 2}"] {
        let error = ModuleManifest::read(bytes, &rules()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(!error.violations().is_empty());
    }
}

/// Any JSON, with names that manifests have.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z*#./{}-]{0,12}".prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let names =
            "(name|path|permissions|pages|labels|methods|http|point|type|\\$ref|properties|.{0,4})";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map(names, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_field_of_any_value_makes_reading_panic(
        field in prop::sample::select(vec![
            "name", "version", "license", "czo", "backend", "dashboard", "permissions", "migrations",
            "subscriptions", "hooks", "endpoints", "services", "jobs", "metrics", "config", "limits",
            "dependencies",
        ]),
        value in any_json(),
    ) {
        let manifest = small(&json!({ field: value }));
        if let Ok(manifest) = read(&manifest) {
            let written = serde_json::to_vec(&manifest).unwrap();
            prop_assert!(ModuleManifest::read(&written, &rules()).is_ok());
        }
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ModuleManifest::read(&bytes, &rules());
    }
}
