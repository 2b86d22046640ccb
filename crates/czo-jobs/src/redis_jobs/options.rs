//! Which Redis is used, and how.

use std::time::Duration;

use czo_redis::RedisUrl;

/// Where Redis is and how it is used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedisOptions {
    /// Where it is; `rediss://` with the feature `redis-tls`.
    pub url: RedisUrl,
    /// What every key begins with, in braces: `{czo-jobs}:…`, so that a cluster keeps them
    /// together. Queues with different prefixes know nothing of each other. Default `czo-jobs`.
    pub prefix: String,
    /// How long an answer may take, the time without a connection included. Default 5 seconds.
    pub timeout: Duration,
}

impl RedisOptions {
    /// This Redis, with the defaults.
    #[must_use]
    pub fn new(url: RedisUrl) -> Self {
        Self { url, prefix: "czo-jobs".to_owned(), timeout: Duration::from_secs(5) }
    }

    /// Lets every key begin with `{prefix}`: 1 to 100 visible ASCII characters without braces.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Gives up an answer after this long.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}
