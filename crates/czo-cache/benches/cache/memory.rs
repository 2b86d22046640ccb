//! Hits in memory, beside quick_cache and moka.

use std::hint::black_box;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use czo_cache::{Cache, CacheOptions, EntryOptions};

use crate::figure;
use crate::product::{Product, key};
use crate::rounds::Measured;

const HOUR: Duration = Duration::from_secs(3_600);

/// How many products there are.
const PRODUCTS: usize = 1_000;

/// How many hits make a round: enough that it is all the same what the way before has left in the
/// processor's caches.
const HITS: usize = 100_000;

/// As long as each entry says; here all say the same.
struct ItsOwnTime;

impl moka::Expiry<String, Arc<Product>> for ItsOwnTime {
    fn expire_after_create(
        &self,
        _key: &String,
        _product: &Arc<Product>,
        _now: Instant,
    ) -> Option<Duration> {
        Some(HOUR)
    }
}

pub(crate) async fn measure(rounds: usize) -> Result<()> {
    let keys: Vec<_> = (0..PRODUCTS).map(key).collect();
    let ours = Cache::memory(&CacheOptions::default()).namespace("product")?;
    let options = EntryOptions::ttl(HOUR);
    let quick = quick_cache::sync::Cache::<String, Arc<Product>>::new(10 * PRODUCTS);
    let moka_sync = moka::sync::Cache::<String, Arc<Product>>::builder()
        .max_capacity(10 * PRODUCTS as u64)
        .time_to_live(HOUR)
        .build();
    // With what ours has: a time for each entry, weights, and loads that are awaited.
    let moka = moka::future::Cache::<String, Arc<Product>>::builder()
        .max_capacity(64 << 20)
        .weigher(|_, _| 512)
        .expire_after(ItsOwnTime)
        .build();
    let tagged = options.clone().tag("shop_1");
    let ours_tagged = ours.namespace("tagged")?;
    for (number, key) in keys.iter().enumerate() {
        let product = Arc::new(Product::new(number));
        ours.set(key, Product::new(number), &options).await;
        ours_tagged.set(key, Product::new(number), &tagged).await;
        quick.insert(key.clone(), product.clone());
        moka.insert(key.clone(), product.clone()).await;
        moka_sync.insert(key.clone(), product);
    }
    // Not in order, so that nothing is foreseen.
    let order: Vec<_> = (0..HITS).map(|turn| &keys[turn * 7_919 % PRODUCTS]).collect();
    let measured = Measured::<7>::of(rounds, async |way| {
        match way {
            0 => {
                for key in &order {
                    black_box(quick.get(key.as_str()));
                }
            }
            1 => {
                for key in &order {
                    black_box(moka.get(key.as_str()).await);
                }
            }
            2 => {
                for key in &order {
                    black_box(ours.get::<Product>(key).await);
                }
            }
            3 => {
                for key in &order {
                    let load = async || Err::<Product, _>(io::Error::other("a hit loads nothing"));
                    black_box(ours.get_or_set(key, &options, load).await.ok());
                }
            }
            4 => {
                for key in &order {
                    black_box(ours_tagged.get::<Product>(key).await);
                }
            }
            5 => {
                for key in &order {
                    let load = async { unreachable!("a hit loads nothing") };
                    black_box(moka.get_with_by_ref(key.as_str(), load).await);
                }
            }
            _ => {
                for key in &order {
                    black_box(moka_sync.get(key.as_str()));
                }
            }
        }
        HITS
    })
    .await;
    figure("cache_quick_cache_ns", measured.nanoseconds(0));
    figure("cache_moka_ns", measured.nanoseconds(1));
    figure("cache_l1_hit_ns", measured.nanoseconds(2));
    figure("cache_l1_hit_ratio", measured.ratio(2, 0));
    figure("cache_get_or_set_ns", measured.nanoseconds(3));
    figure("cache_get_or_set_ratio", measured.ratio(3, 0));
    figure("cache_l1_tagged_hit_ratio", measured.ratio(4, 0));
    figure("cache_moka_ratio", measured.ratio(1, 2));
    figure("cache_moka_get_or_set_ratio", measured.ratio(5, 3));
    figure("cache_moka_sync_ns", measured.nanoseconds(6));
    figure("cache_moka_sync_ratio", measured.ratio(6, 2));
    Ok(())
}
