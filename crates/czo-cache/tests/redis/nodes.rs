//! Processes that share a cache.

use std::sync::Arc;
use std::time::{Duration, Instant};

use czo_cache::{Cache, CacheOptions, EntryOptions, RedisStore, RedisUrl, SharedOptions};

/// A Redis that answers.
pub(crate) fn url() -> RedisUrl {
    let url =
        std::env::var("CZO_TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    url.parse().unwrap()
}

/// A prefix that nobody else has.
pub(crate) fn new_prefix() -> String {
    format!("test-{:016x}", getrandom::u64().unwrap())
}

pub(crate) fn store_at(prefix: &str) -> RedisStore {
    RedisStore::new(url()).prefix(prefix).unwrap().timeout(Duration::from_secs(2))
}

/// One that nobody else has.
pub(crate) fn store() -> RedisStore {
    store_at(&new_prefix())
}

/// A process of its own, as far as the cache can see.
pub(crate) async fn node(store: &RedisStore) -> Cache {
    node_with(store, &CacheOptions::default()).await
}

pub(crate) async fn node_with(store: &RedisStore, options: &CacheOptions) -> Cache {
    let cache = Cache::shared(options, SharedOptions::default(), Arc::new(store.clone()));
    eventually(async || cache.is_linked()).await;
    cache
}

pub(crate) fn minute() -> EntryOptions {
    EntryOptions::ttl(Duration::from_secs(60))
}

/// Waits until it is so.
pub(crate) async fn eventually(is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(Instant::now() < deadline, "it does not become so");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
