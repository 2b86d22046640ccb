//! The jobs of the manifest, to be done later.

use std::time::Duration;

use serde::Serialize;

use crate::bindings::imports::czo::module::jobs as host;
use crate::{Failure, json};

/// Has a job done as soon as there is time for it; returns its id.
pub fn enqueue<T: Serialize + ?Sized>(name: &str, data: &T) -> Result<String, Failure> {
    enqueue_in(Duration::ZERO, name, data)
}

/// Has a job done after `delay`, counted in whole seconds; returns its id.
pub fn enqueue_in<T: Serialize + ?Sized>(
    delay: Duration,
    name: &str,
    data: &T,
) -> Result<String, Failure> {
    let seconds = u32::try_from(delay.as_secs()).unwrap_or(u32::MAX);
    Ok(host::enqueue(name, &json::text(name, data)?, seconds)?)
}
