//! What the in-process bus promises.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod back_pressure;
mod delivery;
mod failure;
mod groups;
mod load;
mod relay;
mod shutdown;
mod support;
