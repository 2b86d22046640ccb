//! The JSON Schemas that an app brings: of its configuration, and of its answers.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::embedded_schema::{self, Budget};
use super::place::Place;

/// The annotation of what must be kept secret.
const SECRET: &str = "x-secret";

/// The JSON Schema of what a merchant sets up: of an object, in draft 2020-12, with references
/// into itself only and none that lead back. Text properties of the object itself may have
/// `"x-secret": true`: what is entered there is encrypted and never shown again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConfigSchema(Value);

impl ConfigSchema {
    /// The schema.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// The names of the properties whose values must be kept secret.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let properties = self.0.get("properties").and_then(Value::as_object);
        let is_secret = |schema: &Value| schema.get(SECRET) == Some(&Value::Bool(true));
        let properties = properties.into_iter().flatten();
        properties.filter(move |(_, schema)| is_secret(schema)).map(|(name, _)| name.as_str())
    }

    pub(super) fn read(place: &Place<'_>, budget: &Budget) -> Option<Self> {
        let schemas = embedded_schema::check(place, budget)?;
        if place.value.get("type") != Some(&Value::from("object")) {
            place.invalid("expected a schema with `\"type\": \"object\"`");
        }
        for (path, schema) in &schemas {
            let Some(secret) = schema.value.get(SECRET) else { continue };
            let is_property = path.strip_prefix("/properties/").is_some_and(|s| !s.contains('/'));
            let is_text = schema.value.get("type") == Some(&Value::from("string"));
            if !(is_property && is_text && *secret == Value::Bool(true)) {
                schema.below(SECRET, secret).invalid(
                    "expected `true`, on a property of the configuration itself with `\"type\": \"string\"`",
                );
            }
        }
        Some(Self(place.value.clone()))
    }
}

impl JsonSchema for ConfigSchema {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ConfigSchema".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "Schema of the configuration",
            "description": "A JSON Schema (draft 2020-12) of an object, without references to other documents. Text properties may have \"x-secret\": true.",
            "type": "object",
            "properties": { "type": { "const": "object" } },
            "required": ["type"],
        })
    }
}

/// The JSON Schema of an answer, in draft 2020-12, with references into itself only and none that
/// lead back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResponseSchema(Value);

impl ResponseSchema {
    /// The schema.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    pub(super) fn read(place: &Place<'_>, budget: &Budget) -> Option<Self> {
        embedded_schema::check(place, budget)?;
        Some(Self(place.value.clone()))
    }
}

impl JsonSchema for ResponseSchema {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ResponseSchema".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "Schema of an answer",
            "description": "A JSON Schema (draft 2020-12), without references to other documents.",
            "type": "object",
        })
    }
}
