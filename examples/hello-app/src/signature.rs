//! Whether a message is czo's.

use axum::http::{HeaderMap, StatusCode};
use standardwebhooks::{HEADER_WEBHOOK_ID, Webhook};

/// The id of a message that was signed with this secret within five minutes of now; its body must be
/// what was received, byte by byte.
///
/// # Errors
///
/// The answer to everyone else.
pub(crate) fn verified_id(
    secret: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<String, (StatusCode, String)> {
    let refused = |why: String| (StatusCode::UNAUTHORIZED, why);
    let webhook = Webhook::new(secret).map_err(|_| refused("no such secret".to_owned()))?;
    webhook.verify(body, headers).map_err(|error| refused(error.to_string()))?;
    let id = headers.get(HEADER_WEBHOOK_ID).and_then(|id| id.to_str().ok());
    id.map(str::to_owned).ok_or_else(|| refused("no id".to_owned()))
}
