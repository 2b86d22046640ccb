//! Events that the module publishes: those in `permissions.events` of the manifest.

use serde::Serialize;

use crate::bindings::imports::czo::module::publisher as host;
use crate::{Failure, json};

/// Publishes an event and returns its id. It is written down then, and arrives at least once.
///
/// Events of one `key` arrive in their order.
pub fn publish<T: Serialize + ?Sized>(
    event_type: &str,
    key: Option<&str>,
    data: &T,
) -> Result<String, Failure> {
    Ok(host::publish(event_type, key, &json::text(event_type, data)?)?)
}
