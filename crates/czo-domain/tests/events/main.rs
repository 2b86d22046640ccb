//! What a domain publishes, and what it hears.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod notes;
mod once;
mod staging;
