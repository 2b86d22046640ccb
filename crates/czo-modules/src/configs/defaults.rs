//! The defaults of a schema.

use serde_json::{Map, Value};

/// How deep objects in objects are looked at.
const DEPTH: usize = 16;

/// `value`, where what is missing of the `properties` of the schema, at any depth, is its `default`.
/// What an object has defaults in, and is missing itself, is there with them.
pub(super) fn filled(schema: Option<&Value>, value: Value) -> Value {
    schema.map_or(value.clone(), |schema| fill(schema, value, DEPTH))
}

fn fill(schema: &Value, value: Value, depth: usize) -> Value {
    let Value::Object(mut object) = value else { return value };
    let Some(Value::Object(properties)) = schema.get("properties").filter(|_| depth > 0) else {
        return Value::Object(object);
    };
    for (name, property) in properties {
        match object.remove(name) {
            Some(there) => drop(object.insert(name.clone(), fill(property, there, depth - 1))),
            None => {
                if let Some(default) = missing(property, depth) {
                    object.insert(name.clone(), default);
                }
            }
        }
    }
    Value::Object(object)
}

fn missing(property: &Value, depth: usize) -> Option<Value> {
    if let Some(default) = property.get("default") {
        return Some(fill(property, default.clone(), depth - 1));
    }
    property.get("properties")?;
    let inner = fill(property, Value::Object(Map::new()), depth - 1);
    inner.as_object().is_some_and(|inner| !inner.is_empty()).then_some(inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_is_the_default_at_any_depth() {
        let schema = json!({ "properties": {
            "perEuro": { "default": 1 },
            "mail": { "properties": { "from": { "default": "shop" }, "to": {} } },
            "off": { "properties": { "x": {} } },
        } });
        let value = filled(Some(&schema), json!({ "mail": { "to": "me" } }));
        assert_eq!(value, json!({ "perEuro": 1, "mail": { "from": "shop", "to": "me" } }));
        assert_eq!(filled(None, json!({ "a": 1 })), json!({ "a": 1 }));
    }
}
