//! The cache does what every cache must, whatever tiers it has.

use std::time::Duration;

use czo_cache::{Cache, CacheOptions};
use czo_testkit::{CacheTest, CacheUnderTest, cache_conformance};

mod memory {
    use super::*;

    cache_conformance!(virtual_time, async |test: CacheTest| {
        let cache = Cache::memory(&CacheOptions::default().on_tokio_time());
        test(CacheUnderTest::in_process(cache)).await;
    });
}

mod memory_in_real_time {
    use super::*;

    cache_conformance!(real_time, async |test: CacheTest| {
        let cache = Cache::memory(&CacheOptions::default());
        let moment = Duration::from_millis(100);
        test(CacheUnderTest { moment, ..CacheUnderTest::in_process(cache) }).await;
    });
}
