//! A cache in Redis alone does what every cache must.

use std::time::Duration;

use czo_cache::CacheOptions;
use czo_testkit::{CacheTest, CacheUnderTest, cache_conformance};

use crate::nodes::{node_with, store};

cache_conformance!(real_time, async |test: CacheTest| {
    let store = store();
    let no_memory = CacheOptions::default().memory_bytes(0);
    let (one, other) = (node_with(&store, &no_memory).await, node_with(&store, &no_memory).await);
    test(CacheUnderTest { one, other, moment: Duration::from_millis(300) }).await;
});
