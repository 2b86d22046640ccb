//! The JSON Schema of a manifest.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{AppManifest, MAX_VERSION};

/// The schema, with `$schema` among the fields: editors take it from there.
pub(super) fn of_manifest() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<AppManifest>();
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let editors = json!({
            "description": "Where this schema is, for editors. czo does not look at it.",
            "type": "string",
        });
        properties.insert("$schema".to_owned(), editors);
    }
    let mut schema = schema.to_value();
    tidy(&mut schema);
    schema
}

/// A field that may be left out may not be null, and a description is one paragraph.
fn tidy(schema: &mut Value) {
    if let Value::Object(map) = schema {
        if let Some(Value::String(description)) = map.get_mut("description") {
            *description = description.replace('\n', " ");
        }
        if let Some(Value::Array(types)) = map.get_mut("type")
            && let [one, null] = types.as_slice()
            && null == "null"
        {
            let one = one.clone();
            map.insert("type".to_owned(), one);
        }
        if let Some(Value::Array(either)) = map.get("anyOf")
            && let [Value::Object(one), null] = either.as_slice()
            && *null == json!({ "type": "null" })
        {
            let one = one.clone();
            map.remove("anyOf");
            map.extend(one);
        }
    }
    match schema {
        Value::Object(map) => map.values_mut().for_each(tidy),
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// The schema of a version.
pub(super) fn version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$",
        "maxLength": MAX_VERSION,
    })
}

/// The schema of a range of versions.
pub(super) fn version_range(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX_VERSION })
}
