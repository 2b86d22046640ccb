//! What the module keeps by key, per shop of the call. Needs `permissions.kv`.
//!
//! Keys are 1 to 512 bytes, values at most 1 MiB.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::imports::czo::module::kv as host;
use crate::{Failure, HostError, json};

/// The value of a key, where there is one. [`Failure::Broken`] if it does not fit the type.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Failure> {
    host::get(key)?.map(|value| json::kept(key, &value)).transpose()
}

/// Keeps a value as JSON until it is deleted.
pub fn set<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<(), Failure> {
    Ok(host::set(key, json::text(key, value)?.as_bytes(), None)?)
}

/// Keeps a value as JSON for a time, counted in whole seconds.
pub fn set_for<T: Serialize + ?Sized>(key: &str, value: &T, ttl: Duration) -> Result<(), Failure> {
    let seconds = u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX);
    Ok(host::set(key, json::text(key, value)?.as_bytes(), Some(seconds))?)
}

/// The bytes of a key.
pub fn get_bytes(key: &str) -> Result<Option<Vec<u8>>, HostError> {
    host::get(key)
}

/// Keeps bytes until they are deleted.
pub fn set_bytes(key: &str, value: &[u8]) -> Result<(), HostError> {
    host::set(key, value, None)
}

/// Forgets a key; says whether there was one.
pub fn delete(key: &str) -> Result<bool, HostError> {
    host::delete(key)
}

/// At most `limit` keys that start with `prefix`, in order, after `after`.
pub fn keys(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, HostError> {
    host::keys(prefix, after, limit)
}

/// Adds to a number, 0 where there is none yet, and returns the sum; atomic. [`get`] reads it as
/// any type of numbers that holds it.
pub fn increment(key: &str, by: i64) -> Result<i64, HostError> {
    host::increment(key, by)
}

/// Sets a key only if its value is still `expected` (none: if there is none); says whether it did.
/// Atomic.
pub fn compare_and_set(
    key: &str,
    expected: Option<&[u8]>,
    value: &[u8],
) -> Result<bool, HostError> {
    host::compare_and_set(key, expected, value)
}
