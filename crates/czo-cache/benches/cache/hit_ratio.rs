//! How many reads of a skewed trace are hits, beside quick_cache with room for as many.

use std::time::Duration;

use anyhow::Result;
use czo_cache::{Cache, CacheOptions, EntryOptions};

use crate::figure;

/// How many keys there are, and how many of them there is room for.
const KEYS: usize = 100_000;
const ROOM: usize = 5_000;
const READS: usize = 500_000;

/// What an entry of this trace weighs: its value, its key and what comes with an entry.
const WEIGHT: u64 = 8 + 10 + 160;

pub(crate) async fn measure() -> Result<()> {
    let trace = Zipf::new(KEYS, 1.0).trace(READS);
    let ours = Cache::memory(&CacheOptions::default().memory_bytes(ROOM as u64 * WEIGHT));
    let options = EntryOptions::ttl(Duration::from_secs(3_600));
    let bare = quick_cache::sync::Cache::<String, u64>::new(ROOM);
    let (mut hits, mut bare_hits) = (0_u32, 0_u32);
    for number in trace {
        let key = format!("k{number:09}");
        if ours.get::<u64>(&key).await.is_some() {
            hits += 1;
        } else {
            ours.set(&key, 1_u64, &options).await;
        }
        if bare.get(&key).is_some() {
            bare_hits += 1;
        } else {
            bare.insert(key, 1);
        }
    }
    figure("cache_zipf_hits_percent", 100.0 * f64::from(hits) / READS as f64);
    figure("cache_zipf_bare_hits_percent", 100.0 * f64::from(bare_hits) / READS as f64);
    figure("cache_zipf_ratio", f64::from(hits) / f64::from(bare_hits));
    Ok(())
}

/// Numbers of which the nth is drawn 1/n as often as the first.
struct Zipf {
    sums: Vec<f64>,
}

impl Zipf {
    fn new(keys: usize, skew: f64) -> Self {
        let mut sum = 0.0;
        let sums = (1..=keys).map(|rank| {
            sum += (rank as f64).powf(-skew);
            sum
        });
        Self { sums: sums.collect() }
    }

    fn trace(&self, length: usize) -> Vec<usize> {
        let total = self.sums.last().copied().unwrap_or_default();
        // A xorshift of a fixed seed: every run reads the same.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        (0..length)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let drawn = (state >> 11) as f64 / (1_u64 << 53) as f64 * total;
                self.sums.partition_point(|sum| *sum < drawn)
            })
            .collect()
    }
}
