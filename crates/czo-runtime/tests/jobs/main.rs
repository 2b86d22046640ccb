//! The jobs of a program: over REST, and in processes that end well or badly.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod boot;
mod process;
mod processes;
mod rest;
mod works;
