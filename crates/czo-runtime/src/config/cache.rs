//! `[cache]`

use std::sync::Arc;
use std::time::Duration;

use czo_cache::{Cache, CacheOptions, PrefixError, RedisStore, RedisUrl, SharedOptions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::error::wrong;

/// The longest staleness that can be set: an hour.
const LONGEST_STALENESS_MS: u64 = 3_600_000;

/// `[cache]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CacheConfig {
    /// Where what was read is kept. Default `memory`.
    pub provider: CacheProvider,
    /// Where Redis is, `redis://…`, with a provider that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<RedisUrl>,
    /// What the keys in Redis begin with: programs that share one Redis have different ones.
    /// Default `czo-cache`.
    pub prefix: String,
    /// How much is kept in the memory of each process, in MiB. Default 64.
    pub memory_mib: u64,
    /// For how long a process may show what another one has changed, in milliseconds. Default 2,000.
    /// In memory alone nothing is kept for longer, since nobody tells; with Redis it is the longest
    /// time that notices of the others may fail to arrive. What a process itself has changed shows
    /// at once, whatever stands here.
    pub staleness_milliseconds: u64,
    /// How long an answer of Redis is waited for, in milliseconds. Default 100. Then the database is
    /// asked.
    pub timeout_milliseconds: u64,
}

/// Where what was read is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CacheProvider {
    /// The memory of each process.
    #[default]
    Memory,
    /// Redis, for all processes.
    Redis,
    /// Redis, and the memory of each process in front of it.
    MemoryAndRedis,
    /// Nowhere: every read asks the database.
    None,
}

impl CacheProvider {
    /// Whether Redis is a part of it.
    pub(crate) fn has_redis(self) -> bool {
        matches!(self, Self::Redis | Self::MemoryAndRedis)
    }
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            provider: CacheProvider::default(),
            url: None,
            prefix: "czo-cache".to_owned(),
            memory_mib: 64,
            staleness_milliseconds: 2_000,
            timeout_milliseconds: 100,
        }
    }
}

impl CacheConfig {
    /// What no type says.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.provider.has_redis() != self.url.is_some() {
            return Err(wrong(
                "cache.url",
                match self.url {
                    None => {
                        "expected where Redis is, such as `redis://127.0.0.1:6379`, with `cache.provider` `redis` or `memory_and_redis`"
                    }
                    Some(_) => {
                        "it is for `cache.provider` `redis` or `memory_and_redis`: set one of them, or leave the URL out"
                    }
                },
            ));
        }
        let redis = self.redis()?;
        if !(100..=LONGEST_STALENESS_MS).contains(&self.staleness_milliseconds) {
            let message = "expected 100 to 3600000 milliseconds; `cache.provider = \"none\"` is for those who can't wait";
            return Err(wrong("cache.staleness_milliseconds", message));
        }
        if !(1..=60_000).contains(&self.timeout_milliseconds) {
            return Err(wrong("cache.timeout_milliseconds", "expected 1 to 60000 milliseconds"));
        }
        if !(1..=1 << 20).contains(&self.memory_mib) {
            let message = "expected 1 to 1048576 MiB; `cache.provider` says whether memory is used";
            return Err(wrong("cache.memory_mib", message));
        }
        let four_answers = self.timeout_milliseconds.saturating_mul(4);
        if redis.is_some() && self.staleness_milliseconds < four_answers {
            let message = format!(
                "expected at least {four_answers}, four times `cache.timeout_milliseconds`: in that time Redis is asked whether notices arrive"
            );
            return Err(wrong("cache.staleness_milliseconds", &message));
        }
        Ok(())
    }

    /// Redis, where it is a part of the cache.
    fn redis(&self) -> Result<Option<RedisStore>, ConfigError> {
        let Some(url) = self.url.clone().filter(|_| self.provider.has_redis()) else {
            return Ok(None);
        };
        let store = RedisStore::new(url).timeout(Duration::from_millis(self.timeout_milliseconds));
        let wrong_prefix = |error: PrefixError| wrong("cache.prefix", &error.to_string());
        store.prefix(&self.prefix).map(Some).map_err(wrong_prefix)
    }

    /// The cache that is configured. One with Redis needs a tokio runtime; it works before Redis
    /// answers.
    pub(crate) fn open(&self) -> Result<Cache, ConfigError> {
        let staleness = Duration::from_millis(self.staleness_milliseconds);
        let memory = CacheOptions::default().memory_bytes(self.memory_mib << 20);
        let Some(store) = self.redis()? else {
            return Ok(match self.provider {
                CacheProvider::None => Cache::off(),
                _ => Cache::memory(&memory.max_age(staleness)),
            });
        };
        let options = match self.provider {
            CacheProvider::Redis => memory.memory_bytes(0),
            _ => memory,
        };
        let shared = SharedOptions::default().staleness_bound(staleness);
        Ok(Cache::shared(&options, shared, Arc::new(store)))
    }
}
