//! How the app comes into a shop.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::server::{App, failed, say};
use crate::signature::verified_id;
use crate::{Credentials, CredentialsError};

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Message {
    #[serde(rename = "app.challenge", rename_all = "camelCase")]
    Challenge { challenge: Value, api_url: String },
    #[serde(rename = "app.installed")]
    Installed(Credentials),
}

impl Message {
    fn api_url(&self) -> &str {
        match self {
            Self::Challenge { api_url, .. } => api_url,
            Self::Installed(credentials) => &credentials.api_url,
        }
    }
}

/// Repeats the challenge, and then keeps what czo hands over.
///
/// Anybody on the network can post here. So the app takes an installation by the czo that it was
/// started for only, and once it is in a shop, none.
pub(crate) async fn handshake(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, (StatusCode, String)> {
    let message: Message = serde_json::from_slice(&body).map_err(|error| {
        (StatusCode::BAD_REQUEST, format!("no message of a handshake: {error}"))
    })?;
    if !app.is_of(message.api_url()) {
        let expected = format!("this app is for the czo at {}", app.czo_url());
        return Err((StatusCode::FORBIDDEN, expected));
    }
    match message {
        Message::Challenge { challenge, .. } => {
            if app.vault().load().map_err(|error| failed(&error))?.is_some() {
                return Err((StatusCode::CONFLICT, CredentialsError::Taken.to_string()));
            }
            Ok(Json(json!({ "challenge": challenge })).into_response())
        }
        Message::Installed(credentials) => {
            verified_id(&credentials.signing_secret, &headers, &body)?;
            match app.vault().keep(&credentials) {
                Ok(()) => {}
                Err(error @ CredentialsError::Taken) => {
                    return Err((StatusCode::CONFLICT, error.to_string()));
                }
                Err(error) => return Err(failed(&error)),
            }
            say(&format!("installed in {}", credentials.shop_id));
            Ok(StatusCode::NO_CONTENT.into_response())
        }
    }
}
