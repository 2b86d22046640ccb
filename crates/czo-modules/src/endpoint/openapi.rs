//! The endpoints of modules in the OpenAPI document.

use czo_module_package::{Endpoint, ModuleManifest};
use serde_json::{Map, Value, json};

/// The paths of a module. An operation is deprecated by no one but its module: a version of the module
/// is one of its API, and stands in its tag.
pub(crate) fn paths(manifest: &ModuleManifest, paths: &mut Map<String, Value>) {
    for endpoint in &manifest.endpoints {
        let path = format!("/api/modules/{}{}", manifest.name, endpoint.path);
        let item = paths.entry(path).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(item) = item {
            item.insert(endpoint.method.to_ascii_lowercase(), operation(manifest, endpoint));
        }
    }
}

fn operation(manifest: &ModuleManifest, endpoint: &Endpoint) -> Value {
    let name = &manifest.name;
    let mut operation = json!({
        "operationId": format!("module_{}_{}", name.as_str().replace('-', "_"),
            endpoint.name.replace('-', "_")),
        "tags": [format!("module {name}")],
        "summary": endpoint.summary.clone().unwrap_or_else(|| endpoint.name.clone()),
        "x-czo-module": { "name": name, "version": manifest.version },
        "responses": responses(endpoint),
    });
    let parameters: Vec<_> = places(&endpoint.path)
        .map(|place| {
            json!({ "name": place, "in": "path", "required": true, "schema": { "type": "string" } })
        })
        .collect();
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(schema) = &endpoint.request {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    if endpoint.public {
        operation["security"] = json!([]);
    }
    if let Some(permission) = &endpoint.permission {
        operation["description"] = format!("Needs the permission `{permission}`.").into();
    }
    operation
}

fn responses(endpoint: &Endpoint) -> Value {
    let mut ok = json!({ "description": "What the module answers." });
    if let Some(schema) = &endpoint.response {
        ok["content"] = json!({ "application/json": { "schema": schema } });
    }
    let mut responses = json!({
        "200": ok,
        "422": { "description": "The module says that what was given is wrong." },
        "429": { "description": "The shop has asked too often." },
        "502": { "description": "The module failed." },
        "503": { "description": "The module can't now." },
        "504": { "description": "The module was stopped." },
    });
    if !endpoint.public {
        responses["401"] = json!({ "description": "There is no token." });
    }
    if endpoint.permission.is_some() {
        responses["403"] = json!({ "description": "The token lacks the permission." });
    }
    responses
}

fn places(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}
