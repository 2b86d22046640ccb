//! A manifest with everything in it, and ways to spoil it.

use czo_apps::{AppManifest, ManifestError, ManifestRules};
use czo_core::{EventType, Permission};
use serde_json::{Value, json};
use url::Host;

/// A czo that offers a few things.
pub(crate) fn rules() -> ManifestRules {
    ManifestRules::new("0.1.0".parse().unwrap())
        .permissions([
            Permission::new("order", "read"),
            Permission::new("order", "write"),
            Permission::new("product", "read"),
            Permission::new("product", "write"),
        ])
        .event_types([
            EventType::from_static("order.item.placed"),
            EventType::from_static("product.item.created"),
            EventType::from_static("product.item.deleted"),
        ])
        .insecure_hosts([Host::parse("localhost").unwrap()])
        .dashboard_origins(["https://dashboard.example.com".parse().unwrap()])
}

/// No more than what is required.
pub(crate) fn small() -> Value {
    json!({
        "id": "com.example.small",
        "name": "Small",
        "version": "1.0.0",
        "author": "Ada",
        "appUrl": "https://small.example.org",
        "handshakeUrl": "/handshake",
        "czo": ">=0.1",
    })
}

/// Everything there is.
pub(crate) fn full() -> Value {
    json!({
        "$schema": "./app-manifest.schema.json",
        "id": "com.example.loyalty",
        "name": "Loyalty",
        "version": "1.4.0",
        "about": "Points for every order.\nAnd more.",
        "author": "Example Ltd",
        "homepage": "https://www.example.org/loyalty",
        "supportUrl": "https://www.example.org/help",
        "privacyUrl": "https://www.example.org/privacy",
        "icon": "icon.png",
        "appUrl": "https://loyalty.example.org/app/",
        "manifestUrl": "https://loyalty.example.org/app/manifest.json",
        "handshakeUrl": "handshake",
        "permissions": [
            { "resource": "order", "actions": ["read"], "scope": "shop", "purpose": "To count points." },
            { "resource": "product", "actions": ["read", "write"], "scope": "own", "purpose": "To sell vouchers." },
        ],
        "webhooks": [
            {
                "identifier": "orders",
                "events": ["order.#", "product.item.deleted"],
                "targetUrl": "hooks/orders",
                "mode": "async",
                "filter": { "all": [
                    { "path": "/data/total", "gte": 1000 },
                    { "path": "/metadata/shopId", "exists": true },
                ] },
                "order": { "by": "key" },
            },
            {
                "identifier": "discounts",
                "events": ["order.item.placed"],
                "targetUrl": "hooks/discounts",
                "mode": "sync",
                "sync": {
                    "deadlineMilliseconds": 800,
                    "onFailure": "last_good",
                    "responseSchema": { "type": "object", "required": ["discount"] },
                },
            },
        ],
        "extensions": [
            {
                "identifier": "points",
                "mount": "ORDER_DETAILS",
                "label": "Points",
                "url": "points",
                "permissions": ["order:read"],
            },
            { "identifier": "settings", "mount": "SETTINGS", "label": "Loyalty", "url": "settings" },
        ],
        "configSchema": {
            "type": "object",
            "properties": {
                "apiKey": { "type": "string", "x-secret": true },
                "rate": { "type": "number", "minimum": 0 },
            },
            "required": ["apiKey"],
        },
        "czo": ">=0.1, <0.3",
    })
}

/// The full manifest with another value at a place, which is made if it is not there.
pub(crate) fn with(pointer: &str, value: Value) -> Value {
    let mut manifest = full();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match manifest.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.insert(name.to_owned(), value)),
        Value::Array(items) if name == "-" => items.push(value),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        _ => panic!("nothing can be at {pointer}"),
    }
    manifest
}

/// The full manifest without what is at a place.
pub(crate) fn without(pointer: &str) -> Value {
    let mut manifest = full();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = manifest.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
    parent.remove(name).unwrap();
    manifest
}

pub(crate) fn read(manifest: &Value) -> Result<AppManifest, ManifestError> {
    AppManifest::read(manifest.to_string().as_bytes(), &rules())
}

/// What is wrong with a manifest, as `path: problem`.
pub(crate) fn violations(manifest: &Value) -> Vec<String> {
    match read(manifest) {
        Ok(_) => Vec::new(),
        Err(error) => error.violations().iter().map(ToString::to_string).collect(),
    }
}

/// The one thing that is wrong with a manifest.
#[track_caller]
pub(crate) fn violation(manifest: &Value) -> String {
    let [only] = <[String; 1]>::try_from(violations(manifest)).unwrap();
    only
}
