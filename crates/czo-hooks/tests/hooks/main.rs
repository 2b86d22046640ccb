//! What hooks promise.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod change;
mod failure;
mod listing;
mod measured;
mod nesting;
mod open;
mod order;
mod order_laws;
mod race;
mod recovery;
mod registration;
mod support;
mod sync;
mod threads;
