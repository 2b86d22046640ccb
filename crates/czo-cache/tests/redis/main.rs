//! The cache with Redis behind it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod alone;
mod conformance;
mod hostile;
mod inspect;
mod many;
mod nodes;
mod sharing;
