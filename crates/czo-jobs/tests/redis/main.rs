//! Jobs in Redis.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod conformance;
mod contract;
mod damage;
mod faults;
mod support;
mod waking;
