//! What a manifest is held to, and what one says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accepted;
mod diff;
mod embedded;
mod filter;
mod fixture;
mod limits;
mod refused;
mod schema;
mod urls;
