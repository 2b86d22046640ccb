//! A third-party app, as its developer writes it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::task::JoinHandle;

use super::eventually;

/// An app that listens on a port of the system's choice. It wants to read products, and to hear of
/// them.
#[derive(Debug)]
pub(crate) struct App {
    address: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    address: String,
    /// What it was told when it was installed.
    installed: Mutex<Option<Value>>,
    received: Mutex<Vec<Received>>,
    /// What it answers to webhooks, unless it is 0.
    refusal: AtomicU16,
    /// Whether it never answers the challenge.
    hangs: AtomicBool,
    /// Where its manifest wants webhooks to be, if that is elsewhere.
    webhooks: Mutex<Option<String>>,
}

/// A message that the app got, whether it took it or not.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) body: Value,
    pub(crate) headers: HashMap<String, String>,
    /// Whether the signature is czo's.
    pub(crate) is_genuine: bool,
}

impl App {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let shared = Arc::new(Shared { address: address.clone(), ..Shared::default() });
        let router = Router::new()
            .route("/manifest.json", get(manifest))
            .route("/handshake", post(handshake))
            .route("/webhooks", post(webhook))
            .with_state(shared.clone());
        let serving = async move {
            axum::serve(listener, router).await.expect("the app serves");
        };
        Self { address, shared, task: tokio::spawn(serving) }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn manifest_url(&self) -> String {
        format!("http://{}/manifest.json", self.address)
    }

    /// What a site is set to, so that it talks to the app.
    pub(crate) fn allowed(&self) -> String {
        format!("[\"{}\"]", self.address)
    }

    /// Answers webhooks with this status from now on; with 204 for 0.
    pub(crate) fn refuses_with(&self, status: u16) {
        self.shared.refusal.store(status, Ordering::SeqCst);
    }

    /// Never answers a challenge from now on.
    pub(crate) fn hangs(&self) {
        self.shared.hangs.store(true, Ordering::SeqCst);
    }

    /// Wants its webhooks at this URL from now on.
    pub(crate) fn moves_to(&self, url: &str) {
        *lock(&self.shared.webhooks) = Some(url.to_owned());
    }

    /// Its token, once it is installed.
    pub(crate) fn token(&self) -> String {
        let installed = lock(&self.shared.installed);
        let token = installed.as_ref().and_then(|told| told["token"].as_str());
        token.expect("the app is installed").to_owned()
    }

    /// What it got so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// Waits until it got so many messages.
    pub(crate) async fn receives(&self, count: usize) -> Vec<Received> {
        eventually(&format!("the app gets {count} messages"), async || {
            let received = self.received();
            (received.len() >= count).then_some(received)
        })
        .await
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn manifest(State(app): State<Arc<Shared>>) -> Json<Value> {
    let webhooks = lock(&app.webhooks).clone();
    Json(json!({
        "id": "com.example.watcher",
        "name": "Watcher",
        "version": "1.0.0",
        "author": "Example Ltd",
        "appUrl": format!("http://{}", app.address),
        "handshakeUrl": "/handshake",
        "permissions": [{
            "resource": "product", "actions": ["read"], "scope": "shop", "purpose": "To watch."
        }],
        "webhooks": [{
            "identifier": "products",
            "events": ["product.item.created"],
            "targetUrl": webhooks.unwrap_or_else(|| "/webhooks".to_owned()),
            "mode": "async"
        }],
        "configSchema": {
            "type": "object",
            "properties": { "key": { "type": "string", "x-secret": true } }
        },
        "czo": ">=0.1"
    }))
}

async fn handshake(State(app): State<Arc<Shared>>, Json(told): Json<Value>) -> Json<Value> {
    if app.hangs.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    if told["type"] == "app.challenge" {
        return Json(json!({ "challenge": told["challenge"] }));
    }
    *lock(&app.installed) = Some(told);
    Json(json!({}))
}

async fn webhook(State(app): State<Arc<Shared>>, headers: HeaderMap, body: String) -> StatusCode {
    let secret = {
        let installed = lock(&app.installed);
        let told = installed.as_ref().expect("webhooks come after the handshake");
        told["signingSecret"].as_str().expect("a secret").to_owned()
    };
    let genuine = Webhook::new(&secret).expect("a secret").verify(body.as_bytes(), &headers);
    let text = |name: &str| headers[name].to_str().expect("a text").to_owned();
    let names = headers.keys().map(|name| name.as_str().to_owned());
    lock(&app.received).push(Received {
        id: text("webhook-id"),
        body: serde_json::from_str(&body).expect("JSON"),
        headers: names.map(|name| (name.clone(), text(&name))).collect(),
        is_genuine: genuine.is_ok(),
    });
    match app.refusal.load(Ordering::SeqCst) {
        0 => StatusCode::NO_CONTENT,
        status => StatusCode::from_u16(status).expect("a status"),
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
