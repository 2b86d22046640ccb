//! What the in-process bus promises.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod back_pressure;
mod delivery;
mod groups;
mod shutdown;
mod support;
