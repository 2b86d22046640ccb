//! JSON Schemas within a manifest.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{violation, violations, with};

fn config(mut schema: Value) -> Value {
    schema["type"] = json!("object");
    with("/configSchema", schema)
}

#[test]
fn a_schema_that_is_none_is_refused_where_it_is_wrong() {
    let found = violations(&config(json!({ "properties": { "a": { "type": "strin" } } })));
    assert!(
        found[0].starts_with("/configSchema/properties/a/type: not a JSON Schema: "),
        "{found:?}"
    );
    assert_eq!(
        violation(&with("/configSchema", json!(true))),
        "/configSchema: expected a JSON Schema, which is an object"
    );
    assert_eq!(
        violation(&with("/configSchema", json!({}))),
        "/configSchema: expected a schema with `\"type\": \"object\"`"
    );
    let found = violations(&with("/webhooks/1/sync/responseSchema", json!({ "minimum": "1" })));
    assert!(found[0].starts_with("/webhooks/1/sync/responseSchema/minimum: "), "{found:?}");
}

#[test]
fn no_reference_leads_out_of_a_schema() {
    for reference in ["https://example.org/s.json", "file:///etc/passwd", "other.json", "#name", ""]
    {
        let found = violations(&config(json!({ "properties": { "a": { "$ref": reference } } })));
        let problem = "expected a reference into this schema, such as `#/$defs/address`";
        assert_eq!(found, [format!("/configSchema/properties/a/$ref: {problem}")], "{reference}");
    }
    assert_eq!(
        violation(&config(json!({ "$ref": "#/$defs/adress", "$defs": { "address": true } }))),
        "/configSchema/$ref: `#/$defs/adress` names no schema"
    );
    assert_eq!(
        violation(&config(json!({ "$schema": "http://json-schema.org/draft-07/schema#" }))),
        "/configSchema/$schema: expected `https://json-schema.org/draft/2020-12/schema`, or no `$schema`"
    );
    assert_eq!(
        violation(&config(json!({ "items": { "$id": "https://example.org/x" } }))),
        "/configSchema/items/$id: expected no `$id` below the root of a schema"
    );
    assert_eq!(
        violation(&config(json!({ "items": { "$dynamicRef": "#x" } }))),
        "/configSchema/items/$dynamicRef: `$dynamicRef` is not supported; use `$ref` with `#/$defs/…`"
    );
}

#[test]
fn references_into_a_schema_and_properties_named_like_keywords_are_fine() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.org/config",
        "properties": {
            "$ref": { "type": "string" },
            "enum": { "$ref": "#/$defs/address" },
            "b": { "$ref": "#/$defs/address" },
            "x-secret": { "type": "string" },
        },
        "enum": [{ "$ref": "https://example.org" }],
        "default": { "$ref": "https://example.org" },
        "$defs": { "address": { "type": "object", "properties": { "city": { "type": "string" } } } },
    });
    assert_eq!(violations(&config(schema)), [""; 0]);
}

#[test]
fn a_schema_that_leads_back_to_itself_is_refused() {
    for schema in [
        json!({ "$ref": "#" }),
        json!({ "properties": { "child": { "$ref": "#" } } }),
        json!({ "properties": { "default": { "allOf": [{ "$ref": "#/properties/default" }] } } }),
        json!({ "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "not": { "$ref": "#/$defs/a" } } } }),
    ] {
        let problem = "/configSchema: expected a schema that does not refer back to itself";
        assert_eq!(violation(&config(schema)), problem);
    }
}

#[test]
fn a_schema_that_grows_without_measure_is_refused() {
    let chain = |length: usize, times: usize| {
        let link = |n: usize| {
            let next = json!({ "$ref": format!("#/$defs/s{}", n + 1) });
            (format!("s{n}"), json!({ "allOf": vec![next; times] }))
        };
        let last = (format!("s{length}"), json!({ "type": "string" }));
        let links: serde_json::Map<_, _> = (0..length).map(link).chain([last]).collect();
        violations(&config(json!({ "$defs": links })))
    };
    assert_eq!(chain(8, 2), [""; 0]);
    let problem = "/configSchema: expected at most 10000 schemas, with references replaced";
    assert_eq!(chain(14, 2), [problem]);
    let problem = "/configSchema: expected at most 64 levels, with references replaced";
    assert_eq!(chain(40, 1), [problem]);
    assert_eq!(chain(900, 1), [problem]);
}

#[test]
fn more_schemas_than_anybody_needs_are_refused() {
    // What is below a name has the name in its path, at every level.
    let many = (0..25)
        .fold(json!({ "allOf": vec![json!({}); 20_000] }), |inner, _| json!({ "not": inner }));
    let problem = "/configSchema: expected at most 2000 schemas in all schemas together";
    assert_eq!(violation(&config(many)), problem);
}

#[test]
fn patterns_take_linear_time_and_little_memory() {
    let pattern =
        |text: &str| violations(&config(json!({ "properties": { "a": { "pattern": text } } })));
    assert_eq!(pattern("^[a-z]{1,63}$"), [""; 0]);
    // Backtracking would be needed, or a megabyte.
    for text in [r"(a)\1", "(?=a)a", "(((a{100}){100}){100}){100}"] {
        let found = pattern(text);
        assert!(found[0].contains("not a JSON Schema"), "{text}: {found:?}");
    }
    let many: serde_json::Map<_, _> =
        (0..101).map(|n| (format!("p{n}"), json!({ "pattern": "a" }))).collect();
    let found = violations(&config(json!({ "properties": many })));
    assert!(
        found[0].ends_with("expected at most 100 patterns in all schemas together"),
        "{found:?}"
    );
}

#[test]
fn secrets_are_texts_of_the_configuration_itself() {
    let problem =
        "expected `true`, on a property of the configuration itself with `\"type\": \"string\"`";
    for (at, schema) in [
        ("/properties/a", json!({ "properties": { "a": { "type": "number", "x-secret": true } } })),
        (
            "/properties/a",
            json!({ "properties": { "a": { "type": "string", "x-secret": "yes" } } }),
        ),
        (
            "/properties/a/properties/b",
            json!({ "properties": { "a": { "properties": { "b": { "type": "string", "x-secret": true } } } } }),
        ),
        ("/$defs/a", json!({ "$defs": { "a": { "type": "string", "x-secret": true } } })),
        ("", json!({ "x-secret": true })),
    ] {
        let found = violation(&config(schema));
        assert_eq!(found, format!("/configSchema{at}/x-secret: {problem}"));
    }
}

/// JSON that looks like a schema.
fn like_a_schema() -> impl Strategy<Value = Value> {
    let words = [
        "type",
        "properties",
        "items",
        "$ref",
        "allOf",
        "$defs",
        "enum",
        "pattern",
        "not",
        "required",
        "minimum",
        "$id",
        "$schema",
        "dependencies",
        "additionalProperties",
        "x-secret",
        "prefixItems",
    ];
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-2..3_i64).prop_map(Value::from),
        prop::sample::select(vec![
            "string",
            "object",
            "#",
            "#/$defs/type",
            "#/properties/items",
            "[a-",
            "(a|b)+$",
            "x:y",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        let word = prop::sample::select(words.to_vec());
        prop_oneof![
            4 => prop::collection::btree_map(word, inner.clone(), 0..5)
                .prop_map(|map| json!(map)),
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_looks_like_a_schema_is_taken_or_refused(schema in like_a_schema()) {
        let manifest = with("/webhooks/1/sync/responseSchema", schema.clone());
        if violations(&manifest).is_empty() {
            // And what is taken can be used.
            let schema = jsonschema::draft202012::new(&schema).unwrap();
            let _ = schema.is_valid(&json!({ "type": ["string"], "items": [[1]] }));
        }
    }
}
