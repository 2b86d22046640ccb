//! Packages: reading, unpacking, fetching, locking, ordering, and looking at them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod advisories;
mod archive;
mod component;
mod dashboard;
mod examples;
mod folder;
mod git;
mod grants;
mod lock;
mod npm;
mod order;
