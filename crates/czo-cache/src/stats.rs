//! How often which tier had what was asked for.

mod stripes;

use std::fmt;

use metrics::{Counter, Histogram, counter, histogram};
use serde::Serialize;

use self::stripes::Stripes;

/// How many hits in memory a thread tells the metrics at once: telling each would cost as much as half
/// of the hit.
const TOLD_AT_ONCE: u64 = 256;

/// One number, here and in the metrics.
pub(crate) struct Count {
    here: Stripes,
    metric: Counter,
}

impl Count {
    fn new(metric: Counter) -> Self {
        Self { here: Stripes::new(), metric }
    }

    pub(crate) fn add(&self) {
        self.here.add();
        self.metric.increment(1);
    }

    /// Counts here, and tells the metrics now and then; true when it did.
    #[inline]
    fn add_cheaply(&self) -> bool {
        let is_told = self.here.add().is_multiple_of(TOLD_AT_ONCE);
        if is_told {
            self.metric.increment(TOLD_AT_ONCE);
        }
        is_told
    }

    fn get(&self) -> u64 {
        self.here.sum()
    }
}

/// The numbers of one tier.
pub(crate) struct Tier {
    pub(crate) hits: Count,
    pub(crate) stale: Count,
    pub(crate) misses: Count,
    pub(crate) errors: Count,
    pub(crate) latency: Histogram,
}

impl Tier {
    fn new(tier: &'static str) -> Self {
        let count = |outcome| {
            Count::new(counter!("czo_cache_requests_total", "tier" => tier, "outcome" => outcome))
        };
        Self {
            hits: count("hit"),
            stale: count("stale"),
            misses: count("miss"),
            errors: count("error"),
            latency: histogram!("czo_cache_duration_seconds", "tier" => tier),
        }
    }

    fn snapshot(&self) -> TierStats {
        TierStats {
            hits: self.hits.get(),
            stale: self.stale.get(),
            misses: self.misses.get(),
            errors: self.errors.get(),
        }
    }
}

/// All numbers of a cache.
pub(crate) struct Stats {
    pub(crate) memory: Tier,
    pub(crate) redis: Tier,
    /// Loads: those that found something or nothing, and those that failed.
    pub(crate) loads: Tier,
}

impl Stats {
    pub(crate) fn new() -> Self {
        Self { memory: Tier::new("memory"), redis: Tier::new("redis"), loads: Tier::new("load") }
    }

    /// A hit in memory; true when it is one of those that are timed.
    #[inline]
    pub(crate) fn hit(&self) -> bool {
        self.memory.hits.add_cheaply()
    }

    pub(crate) fn snapshot(&self) -> (TierStats, TierStats, TierStats) {
        (self.memory.snapshot(), self.redis.snapshot(), self.loads.snapshot())
    }
}

impl fmt::Debug for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.snapshot())
    }
}

/// How often a tier was asked, and what it had, since the cache was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TierStats {
    /// It had it, and it was fresh.
    pub hits: u64,
    /// It had it, and it was served although it was not fresh any more.
    pub stale: u64,
    /// It did not have it.
    pub misses: u64,
    /// It did not answer, or what it had could not be read.
    pub errors: u64,
}
