//! The services that the tests need, and what is fixed about each.

use std::fmt;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::probe;

/// One of the services.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Service {
    Postgres,
    Redis,
    RabbitMq,
}

impl Service {
    pub(crate) const ALL: [Service; 3] = [Service::Postgres, Service::Redis, Service::RabbitMq];

    /// The name in messages, in the state file and in the compose file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Service::Postgres => "postgres",
            Service::Redis => "redis",
            Service::RabbitMq => "rabbitmq",
        }
    }

    /// The variable that holds its URL.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Service::Postgres => "CZO_TEST_POSTGRES_URL",
            Service::Redis => "CZO_TEST_REDIS_URL",
            Service::RabbitMq => "CZO_TEST_AMQP_URL",
        }
    }

    /// The URL if the variable is not set.
    pub(crate) fn default_url(self) -> &'static str {
        match self {
            Service::Postgres => "postgres://postgres@127.0.0.1:5432/postgres",
            Service::Redis => "redis://127.0.0.1:6379",
            Service::RabbitMq => "amqp://guest:guest@127.0.0.1:5672/%2f",
        }
    }

    /// The schemes its URL may have, each with its usual port.
    pub(crate) fn schemes(self) -> &'static [(&'static str, u16)] {
        match self {
            Service::Postgres => &[("postgres", 5432), ("postgresql", 5432)],
            Service::Redis => &[("redis", 6379), ("rediss", 6379)],
            Service::RabbitMq => &[("amqp", 5672), ("amqps", 5671)],
        }
    }

    /// Whether the service really answers at `address`; an error says what happened instead.
    pub(crate) fn probe(self, address: &Address) -> Result<()> {
        match self {
            Service::Postgres => probe::postgres(address),
            Service::Redis => probe::redis(address),
            Service::RabbitMq => probe::amqp(address),
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
