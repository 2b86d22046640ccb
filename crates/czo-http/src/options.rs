//! What can be set.

use std::time::Duration;

use axum::http::HeaderValue;

/// Limits and doors of the HTTP face.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpOptions {
    /// The largest body of an ordinary request, in bytes. Default 1 MiB.
    pub body_limit: usize,
    /// The largest body of a bulk request (an upload), in bytes. Default 1 GiB.
    pub bulk_body_limit: usize,
    /// The longest time for an ordinary request. Default 30 s. For a bulk request it is the
    /// longest silence.
    pub request_timeout: Duration,
    /// The origins whose pages may call the API from a browser. Default none.
    pub cors_allow_origins: Vec<HeaderValue>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            body_limit: 1024 * 1024,
            bulk_body_limit: 1024 * 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            cors_allow_origins: Vec::new(),
        }
    }
}
