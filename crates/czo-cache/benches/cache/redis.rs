//! Hits in Redis, beside the bare client.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use czo_cache::{Cache, CacheOptions, EntryOptions, RedisStore, SharedOptions};
use czo_redis::{Connector, RedisUrl};
use fred::interfaces::KeysInterface;
use fred::types::Expiration;

use crate::figure;
use crate::product::{Product, key};
use crate::rounds::Measured;

const PRODUCTS: usize = 100;

pub(crate) async fn measure(rounds: usize) -> Result<()> {
    let url =
        std::env::var("CZO_TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    let url: RedisUrl = url.parse()?;
    let prefix = format!("bench-{}", std::process::id());
    let store = RedisStore::new(url.clone()).prefix(&prefix)?;
    // Nothing in memory, so that every hit is one in Redis.
    let none = CacheOptions::default().memory_bytes(0);
    let ours = Cache::shared(&none, SharedOptions::default(), Arc::new(store));
    linked(&ours).await?;
    let bare = Connector::new(url).connect().await?;
    let minutes = Duration::from_secs(600);
    for number in 0..PRODUCTS {
        let product = Product::new(number);
        let bytes = serde_json::to_vec(&product)?;
        let ends = Some(Expiration::EX(600));
        let name = format!("{prefix}:{}", key(number));
        bare.client().set::<(), _, _>(name, bytes, ends, None, false).await?;
        ours.set(&key(number), product, &EntryOptions::ttl(minutes)).await;
    }
    let names: Vec<_> = (0..PRODUCTS).map(|number| format!("{prefix}:{}", key(number))).collect();
    let keys: Vec<_> = (0..PRODUCTS).map(key).collect();
    let missed = std::cell::Cell::new(0);
    let measured = Measured::<2>::of(rounds, async |way| {
        for (key, name) in keys.iter().zip(&names) {
            let product = match way {
                0 => bare_get(&bare, name).await.map(Arc::new),
                _ => ours.get::<Product>(key).await,
            };
            if black_box(product).is_none() {
                missed.set(missed.get() + 1);
            }
        }
        PRODUCTS
    })
    .await;
    ensure!(missed.get() == 0, "{} reads were no hits", missed.get());
    figure("cache_fred_get_us", measured.nanoseconds(0) / 1e3);
    figure("cache_l2_hit_us", measured.nanoseconds(1) / 1e3);
    figure("cache_l2_hit_ratio", measured.ratio(1, 0));
    ours.clear().await;
    ours.invalidate("*").await;
    bare.client().del::<(), _>(names).await.context("what was written is not removed")
}

/// Where Redis is.
pub(crate) fn url() -> String {
    std::env::var("CZO_TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned())
}

/// Waits until a cache has its Redis.
pub(crate) async fn linked(cache: &Cache) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !cache.is_linked() {
        ensure!(Instant::now() < deadline, "redis does not answer");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

async fn bare_get(bare: &czo_redis::Link, name: &str) -> Option<Product> {
    let bytes: Option<bytes::Bytes> = bare.client().get(name).await.ok()?;
    serde_json::from_slice(&bytes?).ok()
}
