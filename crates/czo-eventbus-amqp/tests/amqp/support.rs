//! A RabbitMQ, and names of a test's own on it.

use std::env;
use std::time::Duration;

use czo_eventbus_amqp::{AmqpOptions, Names};
use uuid::Uuid;

/// Where the RabbitMQ of the tests is.
pub(crate) fn url() -> String {
    env::var("CZO_TEST_AMQP_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".into())
}

/// Options with names that nobody else has.
pub(crate) fn options() -> AmqpOptions {
    let prefix = format!("test-{}.", Uuid::new_v4().simple());
    AmqpOptions::new(url().parse().unwrap())
        .names(Names::prefixed(&prefix).unwrap())
        .idle_life(Duration::from_secs(60))
}
