//! JSON Schemas within a manifest.

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
    let doubled: serde_json::Map<_, _> = (0..40)
        .map(|n| {
            let next = json!({ "$ref": format!("#/$defs/s{}", n + 1) });
            (format!("s{n}"), json!({ "allOf": [next, next] }))
        })
        .chain([("s40".to_owned(), json!({ "type": "string" }))])
        .collect();
    let problem = "/configSchema: expected at most 10000 schemas, with references replaced";
    let schema = json!({ "$ref": "#/$defs/s0", "$defs": &doubled });
    let found = violation(&config(schema));
    assert!(found == problem || found.contains("64 levels"), "{found}");
    let chain: serde_json::Map<_, _> = (0..5000)
        .map(|n| (format!("s{n}"), json!({ "$ref": format!("#/$defs/s{}", n + 1) })))
        .chain([("s5000".to_owned(), json!({}))])
        .collect();
    let problem = "/configSchema: expected at most 64 levels, with references replaced";
    assert_eq!(violation(&config(json!({ "$defs": chain }))), problem);
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
