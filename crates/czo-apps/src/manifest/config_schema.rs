//! The JSON Schemas that an app brings: of its configuration, and of its answers.

use czo_core::{FieldError, FieldErrorCode};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::embedded_schema::{self, Budget};
use super::place::Place;
use super::violation::segments;

/// The annotation of what must be kept secret.
const SECRET: &str = "x-secret";

/// How many violations of a configuration are told.
const MAX_VIOLATIONS: usize = 100;

/// How much is told of what is wrong with an answer: names of its path, and bytes of a name and of the message.
const MAX_PATH: usize = 16;
const MAX_TEXT: usize = 256;

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

    /// Everything that is wrong with a configuration, up to a hundred of it. Values are not repeated.
    pub(crate) fn violations(&self, config: &Value) -> Vec<FieldError> {
        // What was read compiles, as it did then.
        let Ok(validator) = embedded_schema::compile(&self.0) else {
            let message = "the app's schema of its configuration is none".to_owned();
            return vec![invalid("", message)];
        };
        validator.iter_errors(config).take(MAX_VIOLATIONS).map(|error| told(&error)).collect()
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

/// What is wrong. Values are not repeated.
fn told(error: &ValidationError<'_>) -> FieldError {
    let mut field =
        invalid(error.instance_path().as_str(), error.masked_with("the value").to_string());
    if let ValidationErrorKind::Required { property } = error.kind() {
        field.code = FieldErrorCode::Required;
        field.field.extend(property.as_str().map(str::to_owned));
        field.message = "expected a value".to_owned();
    }
    field
}

fn invalid(path: &str, message: String) -> FieldError {
    FieldError { field: segments(path).collect(), code: FieldErrorCode::Invalid, message }
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

    /// The schema made ready to check answers by. `None` for one that is none, which was not read
    /// from a manifest.
    pub(crate) fn compile(&self) -> Option<ResponseCheck> {
        embedded_schema::compile(&self.0).ok().map(ResponseCheck)
    }

    pub(super) fn read(place: &Place<'_>, budget: &Budget) -> Option<Self> {
        embedded_schema::check(place, budget)?;
        Some(Self(place.value.clone()))
    }
}

/// Says what is wrong with answers.
#[derive(Debug)]
pub(crate) struct ResponseCheck(Validator);

impl ResponseCheck {
    /// What is found to be wrong with an answer first; it is not repeated. More than one is not
    /// looked for, since all of them may be as many as the product of both sizes, which is also
    /// what bounds the time.
    pub(crate) fn violation(&self, answer: &Value) -> Option<FieldError> {
        let mut field = told(&self.0.validate(answer).err()?);
        // Names are the app's, too.
        for text in field.field.iter_mut().chain([&mut field.message]) {
            if text.len() > MAX_TEXT {
                *text = text.chars().take(MAX_TEXT / 4).chain(['…']).collect();
            }
        }
        field.field.truncate(MAX_PATH);
        Some(field)
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
