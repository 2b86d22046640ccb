//! What the app serves.

use std::error::Error;
use std::sync::Arc;

use anyhow::Context;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use reqwest::Url;
use serde_json::Value;

use crate::handshake::handshake;
use crate::manifest::manifest;
use crate::webhook::receive;
use crate::{Inbox, Vault};

/// The largest body.
const MAX_BODY: usize = 1024 * 1024;

/// What the app works with. Clones share it.
#[derive(Clone, Debug)]
pub struct App {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    app_url: String,
    czo_url: Url,
    vault: Vault,
    inbox: Inbox,
}

impl App {
    /// An app that is reached at `app_url`, and works for the czo at `czo_url` only.
    ///
    /// # Errors
    ///
    /// When `czo_url` is no URL.
    pub fn new(app_url: &str, czo_url: &str, vault: Vault, inbox: Inbox) -> anyhow::Result<Self> {
        let czo_url = czo_url.parse().with_context(|| format!("`{czo_url}` is no URL"))?;
        let app_url = app_url.to_owned();
        Ok(Self { parts: Arc::new(Parts { app_url, czo_url, vault, inbox }) })
    }

    /// Whether this URL is one of the czo that the app works for.
    pub(crate) fn is_of(&self, api_url: &str) -> bool {
        api_url.parse::<Url>().is_ok_and(|url| url.origin() == self.parts.czo_url.origin())
    }

    pub(crate) fn czo_url(&self) -> &Url {
        &self.parts.czo_url
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.parts.vault
    }

    pub(crate) fn inbox(&self) -> &Inbox {
        &self.parts.inbox
    }
}

/// The routes of the app.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/manifest.json", get(tell))
        .route("/czo/handshake", post(handshake))
        .route("/czo/webhooks", post(receive))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(app)
}

async fn tell(State(app): State<App>) -> Json<Value> {
    Json(manifest(&app.parts.app_url))
}

/// The answer when the app itself is in trouble: czo tries again later. Why, only the log says.
pub(crate) fn failed(error: &dyn Error) -> (StatusCode, String) {
    let mut why = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        why = format!("{why}: {error}");
        source = error.source();
    }
    say(&why);
    (StatusCode::INTERNAL_SERVER_ERROR, "the app is in trouble".to_owned())
}

/// The app's log.
#[expect(
    clippy::print_stdout,
    reason = "a program as small as this one logs to whoever started it"
)]
pub(crate) fn say(line: &str) {
    println!("{line}");
}
