//! What webhooks promise that are told and that are asked, on both databases, with receivers of the
//! test's own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod admin;
mod breaker;
mod endpoints;
mod house;
mod kill;
mod lanes;
mod receiver;
mod retries;
mod sending;
mod shop;
mod staging;
mod sync_answers;
mod sync_breaker;
mod sync_failures;
mod sync_shop;
