//! What workers, schedules and the queue of a database promise together.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cancel;
mod database;
mod drain;
mod faults;
mod kill;
mod outcomes;
mod schedules;
mod support;
