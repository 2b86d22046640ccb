//! The life of modules, with guests that `cargo xtask modules` built, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod changes;
mod cluster;
mod dependencies;
mod endpoints;
mod failures;
mod hooks;
mod house;
mod jobs;
mod kill;
mod quarantine;
mod slots;
