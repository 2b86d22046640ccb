//! The JSON Schema of a filter.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::Filter;

impl JsonSchema for Filter {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Filter".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let filter = generator.subschema_for::<Self>().to_value();
        let scalar = json!({ "type": ["string", "number", "boolean", "null"] });
        let number = json!({ "type": "number" });
        let list = json!({ "type": "array", "items": filter, "minItems": 1, "maxItems": 64 });
        let combine = |name: &str, operand: &Value| {
            json!({
                "properties": { name: operand },
                "required": [name],
                "additionalProperties": false,
            })
        };
        let test = |operator: &str, operand: &Value| {
            json!({
                "properties": {
                    "path": {
                        "description": "A JSON Pointer into the event.",
                        "type": "string",
                        "pattern": "^/(id|type|version|timestamp|source|correlationId|data|metadata)(/|$)",
                        "maxLength": 255,
                    },
                    operator: operand,
                },
                "required": ["path", operator],
                "additionalProperties": false,
            })
        };
        json_schema!({
            "title": "Filter",
            "description": "A condition on an event: one operator on the value at a path, or a combination of conditions. A test of a value that is not there is false, but for \"exists\": false.",
            "type": "object",
            "oneOf": [
                combine("all", &list),
                combine("any", &list),
                combine("not", &filter),
                test("eq", &scalar),
                test("ne", &scalar),
                test("in", &json!({ "type": "array", "items": scalar, "minItems": 1, "maxItems": 100 })),
                test("gt", &number),
                test("gte", &number),
                test("lt", &number),
                test("lte", &number),
                test("prefix", &json!({ "type": "string", "maxLength": 500 })),
                test("exists", &json!({ "type": "boolean" })),
            ],
        })
    }
}
