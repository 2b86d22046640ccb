//! Time.

use std::time::{Duration, SystemTime};

use crate::bindings::imports::czo::module::clock as host;

/// Milliseconds since 1970, UTC, by the server's clock.
#[must_use]
pub fn now_ms() -> u64 {
    host::now()
}

/// The same as a [`SystemTime`].
#[must_use]
pub fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(host::now())
}
