//! Ten thousand callers of one key that is not there.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use czo_cache::{Cache, CacheOptions, EntryOptions};

use crate::figure;

const CALLERS: usize = 10_000;

pub(crate) async fn measure() -> Result<()> {
    let cache = Cache::memory(&CacheOptions::default());
    let options = EntryOptions::ttl(Duration::from_secs(3_600));
    let calls = Arc::new(AtomicU32::new(0));
    let began = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (cache, options, calls) = (cache.clone(), options.clone(), calls.clone());
            tokio::spawn(async move {
                let load = move || async move {
                    calls.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Ok::<_, io::Error>(7_u32)
                };
                cache.get_or_set("key", &options, load).await.is_ok_and(|value| *value == 7)
            })
        })
        .collect();
    for caller in callers {
        ensure!(caller.await?, "a caller got something else");
    }
    figure("cache_stampede_calls", f64::from(calls.load(Ordering::Relaxed)));
    figure("cache_stampede_ms", began.elapsed().as_secs_f64() * 1e3);
    Ok(())
}
