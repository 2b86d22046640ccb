use serde_json::{Value, json};

use super::breaking_changes;

fn base() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Created",
        "description": "It was created.",
        "type": "object",
        "properties": {
            "id": { "type": "string", "pattern": "^prod_" },
            "count": { "type": "integer", "format": "uint32", "minimum": 0 },
            "note": { "type": ["string", "null"] },
            "status": { "$ref": "#/$defs/Status" },
            "tags": { "type": "array", "items": { "type": "string" } }
        },
        "required": ["id", "count", "status", "tags"],
        "$defs": { "Status": { "type": "string", "enum": ["draft", "active"] } }
    })
}

/// What breaks when `change` is made to the schema.
fn after(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut new = base();
    change(&mut new);
    breaking_changes(&base(), &new)
}

#[track_caller]
fn breaks(at: &str, what: &str, change: impl FnOnce(&mut Value)) {
    let found = after(change);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(at) && found[0].contains(what), "{found:?}");
}

const NOTHING: [&str; 0] = [];

#[test]
fn the_same_schema_breaks_nothing() {
    assert_eq!(after(|_| ()), NOTHING);
}

#[test]
fn a_new_optional_property_breaks_nothing() {
    assert_eq!(after(|new| new["properties"]["colour"] = json!({ "type": "string" })), NOTHING);
}

#[test]
fn documentation_breaks_nothing() {
    let found = after(|new| {
        new["title"] = json!("ProductCreated");
        new["properties"]["id"]["description"] = json!("Which.");
        new["properties"]["count"]["default"] = json!(0);
    });
    assert_eq!(found, NOTHING);
}

#[test]
fn documentation_of_an_enums_variants_breaks_nothing() {
    let found = after(|new| {
        new["$defs"]["Status"] = json!({ "oneOf": [
            { "type": "string", "const": "active", "description": "To be seen." },
            { "type": "string", "enum": ["draft"] }
        ]});
    });
    assert_eq!(found, NOTHING);
}

#[test]
fn another_name_of_a_definition_breaks_nothing() {
    let found = after(|new| {
        new["properties"]["status"] = json!({ "$ref": "#/$defs/State", "description": "How." });
        new["$defs"] = json!({ "State": { "type": "string", "enum": ["active", "draft"] } });
    });
    assert_eq!(found, NOTHING);
}

#[test]
fn a_property_that_goes_breaks() {
    breaks("/note", "was removed", |new| {
        new["properties"].as_object_mut().expect("an object").remove("note");
    });
}

#[test]
fn a_renamed_required_property_breaks_twice() {
    let found = after(|new| {
        let properties = new["properties"].as_object_mut().expect("an object");
        let id = properties.remove("id").expect("a property");
        properties.insert("productId".to_owned(), id);
        new["required"] = json!(["productId", "count", "status", "tags"]);
    });
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("/id was removed"), "{found:?}");
    assert!(found[1].starts_with("/productId is new and required"), "{found:?}");
}

#[test]
fn a_property_that_must_be_there_from_now_on_breaks() {
    breaks("/note", "is required now", |new| {
        new["required"] = json!(["id", "count", "status", "tags", "note"]);
    });
}

#[test]
fn a_property_that_need_not_be_there_any_more_breaks() {
    breaks("/count", "is optional now", |new| new["required"] = json!(["id", "status", "tags"]));
}

#[test]
fn another_type_breaks() {
    let found = after(|new| new["properties"]["note"]["type"] = json!("integer"));
    assert!(found[0].starts_with("/note does not take \"null\", \"string\""), "{found:?}");
    assert!(found[1].starts_with("/note takes \"integer\" too"), "{found:?}");
}

#[test]
fn a_narrower_type_breaks() {
    breaks("/note", "does not take \"null\" any more", |new| {
        new["properties"]["note"]["type"] = json!("string");
    });
}

#[test]
fn a_wider_type_breaks_readers() {
    breaks("/id", "takes \"null\" too", |new| {
        new["properties"]["id"]["type"] = json!(["string", "null"]);
    });
}

#[test]
fn a_value_of_an_enum_that_goes_or_comes_breaks() {
    breaks("/status", "does not take \"draft\" any more", |new| {
        new["$defs"]["Status"]["enum"] = json!(["active"]);
    });
    breaks("/status", "takes \"gone\" too", |new| {
        new["$defs"]["Status"]["enum"] = json!(["active", "draft", "gone"]);
    });
}

#[test]
fn another_limit_or_pattern_breaks() {
    breaks("/id", "changed its `pattern`", |new| {
        new["properties"]["id"]["pattern"] = json!("^product_");
    });
    breaks("/count", "got a `maximum`", |new| new["properties"]["count"]["maximum"] = json!(9));
    breaks("/count", "lost its `minimum`", |new| {
        new["properties"]["count"].as_object_mut().expect("an object").remove("minimum");
    });
}

#[test]
fn items_are_looked_into() {
    breaks("/tags/items", "got a `maxLength`", |new| {
        new["properties"]["tags"]["items"]["maxLength"] = json!(10);
    });
}

#[test]
fn a_new_property_breaks_readers_that_refuse_what_they_do_not_know() {
    let mut old = base();
    old["additionalProperties"] = json!(false);
    let mut new = old.clone();
    new["properties"]["colour"] = json!({ "type": "string" });
    let found = breaking_changes(&old, &new);
    assert_eq!(found, ["/colour is new, and readers refuse what they don't know"]);
}

#[test]
fn another_number_of_alternatives_breaks() {
    let old = json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] });
    let new = json!({ "anyOf": [{ "type": "string" }] });
    assert_eq!(breaking_changes(&old, &new), ["the payload has 1 instead of 2 schemas in `anyOf`"]);
}

#[test]
fn a_schema_that_contains_itself_is_compared_to_its_end() {
    let tree = |kind: &str| {
        json!({
            "$ref": "#/$defs/Node",
            "$defs": { "Node": { "type": "object", "properties": {
                "name": { "type": kind },
                "child": { "$ref": "#/$defs/Node" }
            }}}
        })
    };
    assert_eq!(breaking_changes(&tree("string"), &tree("string")), NOTHING);
    assert_eq!(breaking_changes(&tree("string"), &tree("integer")).len(), 2);
}

#[test]
fn references_in_a_circle_end() {
    let circle = json!({ "$ref": "#/$defs/A", "$defs": {
        "A": { "$ref": "#/$defs/B" }, "B": { "$ref": "#/$defs/A" }
    }});
    assert_eq!(breaking_changes(&circle, &circle), NOTHING);
}

/// A map to prices, as schemars writes one whose keys have a pattern.
fn prices(price: &Value) -> Value {
    json!({
        "type": "object",
        "patternProperties": { "^prod_": { "$ref": "#/$defs/Price" } },
        "additionalProperties": false,
        "$defs": { "Price": price }
    })
}

#[test]
fn what_a_map_by_pattern_refers_to_is_looked_into() {
    let found = breaking_changes(
        &prices(&json!({ "type": "integer" })),
        &prices(&json!({ "type": "integer", "minimum": 0 })),
    );
    assert_eq!(found, ["/patternProperties/^prod_ got a `minimum` of 0"]);
}

#[test]
fn documentation_of_what_a_map_by_pattern_refers_to_breaks_nothing() {
    let found = breaking_changes(
        &prices(&json!({ "type": "integer" })),
        &prices(&json!({ "type": "integer", "description": "In cents." })),
    );
    assert_eq!(found, NOTHING);
}

#[test]
fn another_pattern_of_names_breaks() {
    let mut new = prices(&json!({ "type": "integer" }));
    new["patternProperties"] = json!({ "^var_": { "$ref": "#/$defs/Price" } });
    let found = breaking_changes(&prices(&json!({ "type": "integer" })), &new);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("/patternProperties/^prod_ was removed"), "{found:?}");
    assert!(found[1].starts_with("/patternProperties/^var_ is new"), "{found:?}");
}

#[test]
fn a_reference_below_a_word_that_is_not_followed_breaks_rather_than_going_unseen() {
    let either = |price: &str| {
        json!({
            "if": { "anyOf": [{ "$ref": "#/$defs/Price" }] },
            "$defs": { "Price": { "type": price } }
        })
    };
    let found = breaking_changes(&either("integer"), &either("string"));
    assert_eq!(found, ["the payload has references in `if`, which this check can't follow"]);
}

#[test]
fn what_stands_beside_a_reference_is_compared_where_the_reference_was_seen_before() {
    let two = |limit: u32| {
        json!({
            "properties": {
                "a": { "$ref": "#/$defs/Name" },
                "b": { "$ref": "#/$defs/Name", "maxLength": limit }
            },
            "$defs": { "Name": { "type": "string" } }
        })
    };
    assert_eq!(breaking_changes(&two(9), &two(8)), ["/b changed its `maxLength` from 9 to 8"]);
}

#[test]
fn a_schema_that_contains_itself_beside_a_demand_is_compared_to_its_end() {
    let tree = json!({ "properties": { "child": { "$ref": "#", "minProperties": 1 } } });
    assert_eq!(breaking_changes(&tree, &tree), NOTHING);
}
