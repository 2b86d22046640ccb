//! The bus over a real RabbitMQ.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod broker;
mod conformance;
mod foreign;
mod groups;
mod hostile;
mod messages;
mod outages;
mod support;
