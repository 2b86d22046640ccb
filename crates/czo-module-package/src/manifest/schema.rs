//! The JSON Schema of a manifest, and what it finds wrong.

use std::sync::LazyLock;

use czo_core::FieldErrorCode;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ValidationError, Validator};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::ModuleManifest;
use super::place::{Notes, Place, excerpt, pointer};
use super::violation::{ManifestError, segments};

static SCHEMA: LazyLock<Value> = LazyLock::new(of_manifest);

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    options.build(&SCHEMA).expect("the schema generated from the types of this crate is one")
});

/// The schema of the whole.
pub(super) fn schema() -> &'static Value {
    &SCHEMA
}

fn of_manifest() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<ModuleManifest>().to_value();
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

/// Notes everything that the schema forbids.
pub(super) fn check(root: &Place<'_>) {
    let errors = VALIDATOR.iter_errors(root.value).take(ManifestError::MAX_VIOLATIONS);
    errors.for_each(|error| note(&error, root.notes));
}

fn note(error: &ValidationError<'_>, notes: &Notes) {
    let path = error.instance_path().to_string();
    let schema = at(&path);
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            for name in unexpected {
                let known = properties(schema);
                let problem = format!("unknown field `{}`", excerpt(name));
                let fix = notes.nearest(name, &known).or_else(|| {
                    (!known.is_empty()).then(|| format!("known are {}", known.join(", ")))
                });
                let path = pointer(&path, name);
                notes.note(&path, FieldErrorCode::Invalid, &problem, fix.as_deref());
            }
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let path = pointer(&path, name);
            let fix = description(at(&path)).map(|what| format!("add it: {what}"));
            let problem = "this field is required";
            notes.note(&path, FieldErrorCode::Required, problem, fix.as_deref());
        }
        kind => {
            let words = choices(schema);
            let (problem, fix) = if words.is_empty() {
                let fix = description(schema).map(|what| format!("expected: {what}"));
                (error.masked_with("this").to_string(), fix)
            } else {
                let found = error.instance().as_str().unwrap_or_default();
                let problem =
                    format!("expected one of {}, found `{}`", words.join(", "), excerpt(found));
                (problem, notes.nearest(found, &words))
            };
            notes.note(&path, code(kind), &problem, fix.as_deref());
        }
    }
}

fn code(kind: &ValidationErrorKind) -> FieldErrorCode {
    match kind {
        ValidationErrorKind::MaxLength { .. } => FieldErrorCode::TooLong,
        ValidationErrorKind::MaxItems { .. } | ValidationErrorKind::MaxProperties { .. } => {
            FieldErrorCode::TooMany
        }
        ValidationErrorKind::MinLength { .. } | ValidationErrorKind::MinItems { .. } => {
            FieldErrorCode::Required
        }
        ValidationErrorKind::UniqueItems => FieldErrorCode::Duplicate,
        _ => FieldErrorCode::Invalid,
    }
}

/// The part of the schema that speaks of the value at `path`, if there is one.
fn at(path: &str) -> Option<&'static Value> {
    let mut schema = &*SCHEMA;
    for segment in segments(path) {
        let target = resolved(schema);
        schema = target
            .get("properties")
            .and_then(|properties| properties.get(&segment))
            .or_else(|| target.get("items"))
            .or_else(|| target.get("additionalProperties"))?;
    }
    Some(schema)
}

fn resolved(schema: &'static Value) -> &'static Value {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let target = reference.and_then(|name| SCHEMA.pointer(name.trim_start_matches('#')));
    target.unwrap_or(schema)
}

fn properties(schema: Option<&'static Value>) -> Vec<&'static str> {
    let properties = schema.map(resolved).and_then(|schema| schema.get("properties")?.as_object());
    properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

fn description(schema: Option<&'static Value>) -> Option<&'static str> {
    let of = |schema: &'static Value| schema.get("description").and_then(Value::as_str);
    schema.and_then(|schema| of(schema).or_else(|| of(resolved(schema))))
}

/// The words that a value may be, where they are few.
fn choices(schema: Option<&'static Value>) -> Vec<&'static str> {
    let Some(schema) = schema.map(resolved) else { return Vec::new() };
    let list = |name: &str| schema.get(name).and_then(Value::as_array).into_iter().flatten();
    let constants = list("oneOf").filter_map(|one| one.get("const")?.as_str());
    constants.chain(list("enum").filter_map(Value::as_str)).collect()
}
