//! Chance.

use crate::bindings::imports::czo::module::random as host;

/// `count` bytes that nobody can foresee, from the server's generator. At most 64 KiB; a call for
/// more is stopped by the server.
#[must_use]
pub fn bytes(count: u32) -> Vec<u8> {
    host::bytes(count)
}
