//! Reads with a Redis that is 20 ms away, there and back: nothing in memory, one of ten loads.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use czo_cache::{Cache, CacheOptions, EntryOptions, RedisStore, SharedOptions};
use czo_redis::RedisUrl;

use crate::figure;
use crate::product::{Product, key};
use crate::proxy::Proxy;
use crate::redis::{linked, url};

/// One way.
const AWAY: Duration = Duration::from_millis(10);

const READS: usize = 400;

pub(crate) async fn measure() -> Result<()> {
    let there: RedisUrl = url().parse()?;
    let port = there
        .to_string()
        .rsplit(':')
        .next()
        .and_then(|port| port.split('/').next().and_then(|port| port.parse().ok()));
    let proxy = Proxy::start(port.unwrap_or(6379)).await?;
    proxy.delay(AWAY);
    let prefix = format!("bench-far-{}", std::process::id());
    let store = RedisStore::new(proxy.url().parse()?).prefix(&prefix)?;
    let none = CacheOptions::default().memory_bytes(0);
    let cache = Cache::shared(&none, SharedOptions::default(), Arc::new(store));
    linked(&cache).await?;
    let options = EntryOptions::ttl(Duration::from_secs(600));
    let mut times = Vec::with_capacity(READS);
    for turn in 0..READS {
        // Each key is loaded by its first read, and hit by nine more.
        let number = turn / 10;
        let began = Instant::now();
        let load = move || async move { Ok::<_, io::Error>(Product::new(number)) };
        let read = cache.get_or_set(&key(number), &options, load).await;
        times.push(began.elapsed());
        ensure!(read.is_ok(), "a read failed");
    }
    times.sort_unstable();
    let at = |percent: usize| times[(READS * percent / 100).min(READS - 1)].as_secs_f64() * 1e3;
    figure("cache_far_p50_ms", at(50));
    figure("cache_far_p95_ms", at(95));
    proxy.mend();
    cache.invalidate("*").await;
    Ok(())
}
