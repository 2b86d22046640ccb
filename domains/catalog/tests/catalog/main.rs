//! The catalogue on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cached;
mod cached_lists;
mod cached_nodes;
mod cached_races;
mod cached_repair;
mod cached_writes;
mod export;
mod graphql;
mod graphql_limits;
mod hooks;
mod import;
mod imports;
mod lifecycle;
mod pages;
mod races;
mod shop;
mod thumbnails;
mod visibility;
