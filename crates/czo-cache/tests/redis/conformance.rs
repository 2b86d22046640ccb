//! A cache over Redis does what every cache must, with memory in front of it.

use std::time::Duration;

use czo_testkit::{CacheTest, CacheUnderTest, cache_conformance};

use crate::nodes::{node, store};

cache_conformance!(real_time, async |test: CacheTest| {
    let store = store();
    let (one, other) = (node(&store).await, node(&store).await);
    test(CacheUnderTest { one, other, moment: Duration::from_millis(300) }).await;
});
