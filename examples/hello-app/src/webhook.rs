//! What the app is told.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::Delivery;
use crate::server::{App, failed, say};
use crate::signature::verified_id;

/// Stores a delivery that is czo's, once, and answers 204 when it is on the disk; whatever else
/// is answered, czo sends it again.
pub(crate) async fn receive(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, (StatusCode, String)> {
    let credentials = app.vault().load().map_err(|error| failed(&error))?;
    let credentials = credentials.ok_or_else(|| {
        (StatusCode::UNAUTHORIZED, "the app is not installed: it knows no secret".to_owned())
    })?;
    // Before anything of it is read.
    let id = verified_id(&credentials.signing_secret, &headers, &body)?;
    let message: Value = serde_json::from_slice(&body)
        .map_err(|error| (StatusCode::BAD_REQUEST, format!("the body is not JSON: {error}")))?;
    let event_type = message["type"].as_str().unwrap_or("?").to_owned();
    let delivery = Delivery { id, message };
    // A disk may take its time, and others are not to wait for it.
    let (inbox, kept) = (app.inbox().clone(), delivery.clone());
    let is_new = tokio::task::spawn_blocking(move || inbox.keep(&kept)).await;
    let is_new = is_new.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    let seen = if is_new { "stored" } else { "seen before" };
    say(&format!("{} {event_type}: {seen}", delivery.id));
    Ok(StatusCode::NO_CONTENT)
}
