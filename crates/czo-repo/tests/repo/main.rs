//! What repositories, pages and units of work promise, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod before_commit;
mod bulk;
mod connect;
mod lifecycle;
mod note;
mod notifications;
mod pages;
mod reads;
mod scopes;
mod transactions;
mod versions;
mod walks;
