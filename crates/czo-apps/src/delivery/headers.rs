//! What is said of a message beside its body.

use czo_fetch::{HeaderMap, HeaderName, HeaderValue};

use crate::{InstallationId, SignatureHeaders};

/// The signatures, and who the message is for.
pub(crate) fn headers(
    signed: &SignatureHeaders,
    event_type: &str,
    app: InstallationId,
    correlation_id: &str,
) -> HeaderMap {
    let app = app.to_string();
    let own = [
        ("content-type", "application/json"),
        ("x-czo-event", event_type),
        ("x-czo-app-id", app.as_str()),
        ("x-correlation-id", correlation_id),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in signed.iter().chain(own) {
        // What HTTP can't say, as a correlation id from outside may be, is left out.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}
