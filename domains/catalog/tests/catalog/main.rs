//! The catalogue on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

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
