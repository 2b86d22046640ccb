//! What the outbox, its relays, the inbox and the log promise, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod broker;
mod inbox;
mod log;
mod mirror;
mod order;
mod outages;
mod overtaking;
mod relays;
mod retention;
mod settlement;
mod shop;
mod staging;
mod writers;
