//! What the app says of itself.

use serde_json::{Value, json};

/// The app's name among all apps.
pub(crate) const ID: &str = "com.example.hello";

/// The manifest of the app where it is reached at `app_url`.
#[must_use]
pub fn manifest(app_url: &str) -> Value {
    json!({
        "id": ID,
        "name": "Hello",
        "version": env!("CARGO_PKG_VERSION"),
        "about": "Keeps a list of what happens to the products of a shop.",
        "author": "Example Ltd",
        "appUrl": app_url,
        "handshakeUrl": "/czo/handshake",
        "permissions": [{
            "resource": "product",
            "actions": ["read"],
            "scope": "shop",
            "purpose": "To show what the products are called now.",
        }],
        "webhooks": [{
            "identifier": "products",
            "events": ["product.item.*"],
            "targetUrl": "/czo/webhooks",
            "mode": "async",
        }],
        "configSchema": {
            "type": "object",
            "properties": {
                "greeting": { "type": "string", "description": "What stands above the products." },
            },
        },
        "czo": ">=0.1",
    })
}
