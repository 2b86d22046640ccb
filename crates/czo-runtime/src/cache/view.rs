//! The cache as callers of the API see it, and those at the command line.

use std::time::Duration;

use czo_cache::{CacheStats, Content, FoundIn, Inspected, TierStats};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::CacheProvider;

/// What is in the cache of a process, and how often it had what was asked for since it began.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatsView {
    /// Where what was read is kept.
    pub(crate) provider: CacheProvider,
    /// Whether Redis answers, and tells what others change; null without Redis.
    pub(crate) linked: Option<bool>,
    /// How many entries are in the memory of this process, those that are no good any more included.
    pub(crate) entries: u64,
    /// How many bytes they have, about.
    pub(crate) bytes: u64,
    /// How many loads are under way.
    pub(crate) loading: u64,
    /// The share of reads that needed no load, about, from 0 to 1; null when there were none.
    pub(crate) hit_share: Option<f64>,
    /// The same in numbers, by where it was looked for.
    pub(crate) tiers: Tiers,
}

/// Where it was looked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tiers {
    /// The memory of this process; null where the provider has none.
    pub(crate) memory: Option<TierView>,
    /// Redis; null where the provider has none.
    pub(crate) redis: Option<TierView>,
    /// The database: hits found something, misses nothing, errors failed.
    pub(crate) loads: TierView,
}

/// How often a tier was asked, and what it had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TierView {
    /// It had it, and it was fresh.
    pub(crate) hits: u64,
    /// It had it, and it was served although it was not fresh any more.
    pub(crate) stale: u64,
    /// It did not have it.
    pub(crate) misses: u64,
    /// It did not answer, or what it had could not be read.
    pub(crate) errors: u64,
}

impl From<TierStats> for TierView {
    fn from(tier: TierStats) -> Self {
        let TierStats { hits, stale, misses, errors, .. } = tier;
        Self { hits, stale, misses, errors }
    }
}

impl StatsView {
    pub(super) fn of(provider: CacheProvider, linked: Option<bool>, stats: &CacheStats) -> Self {
        let has_memory = matches!(provider, CacheProvider::Memory | CacheProvider::MemoryAndRedis);
        Self {
            provider,
            linked,
            entries: stats.entries,
            bytes: stats.bytes,
            loading: u64::try_from(stats.loading).unwrap_or(u64::MAX),
            hit_share: hit_share(stats),
            tiers: Tiers {
                memory: has_memory.then(|| stats.memory.into()),
                redis: provider.has_redis().then(|| stats.redis.into()),
                loads: stats.loads.into(),
            },
        }
    }

    /// The share of hits as people read it.
    pub(crate) fn hits_in_words(&self) -> String {
        match self.hit_share {
            Some(share) => format!("{:.0} %", share * 100.0),
            None => "none asked for".to_owned(),
        }
    }
}

/// The share of reads that needed no load. Every read looks in memory first, also where there is
/// none.
#[expect(clippy::cast_precision_loss, reason = "a share for people is right to a hundredth")]
fn hit_share(stats: &CacheStats) -> Option<f64> {
    let TierStats { hits, stale, misses, .. } = stats.memory;
    let reads = hits + stale + misses;
    // One read may find it in Redis twice: when it looks, and when it could have loaded.
    let served = (hits + stale + stats.redis.hits).min(reads);
    (reads > 0).then(|| served as f64 / reads as f64)
}

/// What is kept for a key.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryView {
    /// The key.
    pub(crate) key: String,
    /// Its namespace, names with `/` between; null when it is in none.
    pub(crate) namespace: Option<String>,
    /// Where it was found first.
    pub(crate) found_in: Place,
    /// What is kept.
    pub(crate) content: Kind,
    /// The value, where there is one.
    pub(crate) value: Option<Value>,
    /// The version of its row, if it has one.
    pub(crate) version: Option<i64>,
    /// The tags by which it is invalidated.
    pub(crate) tags: Vec<String>,
    /// How long ago this process loaded it, or read it from Redis; Redis itself does not say it.
    pub(crate) age_seconds: Option<f64>,
    /// How much longer it is fresh.
    pub(crate) fresh_for_seconds: f64,
    /// How much longer it is served, fresh or while it is loaded again.
    pub(crate) served_for_seconds: f64,
    /// How much longer it is kept, for when it can't be loaded.
    pub(crate) kept_for_seconds: f64,
}

/// Where something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// The memory of the process that was asked.
    Memory,
    /// Redis.
    Redis,
}

/// What is kept of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A value.
    Value,
    /// It is known that there is none.
    Absent,
    /// A value that can't be shown.
    Unreadable,
}

/// What is said where nothing is kept.
pub(crate) fn nothing_cached(namespace: Option<&str>, key: &str) -> String {
    let of = namespace.map(|name| format!(" of namespace `{name}`")).unwrap_or_default();
    format!("nothing is cached for key `{key}`{of}")
}

impl EntryView {
    pub(super) fn of(namespace: Option<&str>, key: &str, found: Inspected) -> Self {
        let (content, value) = match found.content {
            Content::Value(value) => (Kind::Value, Some(value)),
            Content::Absent => (Kind::Absent, None),
            _ => (Kind::Unreadable, None),
        };
        Self {
            key: key.to_owned(),
            namespace: namespace.map(str::to_owned),
            found_in: match found.found_in {
                FoundIn::Memory => Place::Memory,
                _ => Place::Redis,
            },
            content,
            value,
            version: found.version,
            tags: found.tags,
            age_seconds: found.age.as_ref().map(Duration::as_secs_f64),
            fresh_for_seconds: found.fresh_for.as_secs_f64(),
            served_for_seconds: found.served_for.as_secs_f64(),
            kept_for_seconds: found.kept_for.as_secs_f64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(memory: [u64; 3], redis_hits: u64) -> Option<String> {
        let [hits, stale, misses] = memory;
        let mut stats = CacheStats::default();
        (stats.memory.hits, stats.memory.stale, stats.memory.misses) = (hits, stale, misses);
        stats.redis.hits = redis_hits;
        hit_share(&stats).map(|share| format!("{share:.2}"))
    }

    #[test]
    fn the_share_of_hits_is_that_of_reads_which_needed_no_load() {
        assert_eq!(share([0, 0, 0], 0), None);
        assert_eq!(share([3, 0, 1], 0).as_deref(), Some("0.75"));
        assert_eq!(share([2, 1, 1], 0).as_deref(), Some("0.75"));
        assert_eq!(share([0, 0, 4], 3).as_deref(), Some("0.75"));
        assert_eq!(share([0, 0, 1], 2).as_deref(), Some("1.00"), "found twice, and read once");
    }

    #[test]
    fn only_the_tiers_that_there_are_are_shown() {
        let tiers = |provider| {
            let Tiers { memory, redis, .. } =
                StatsView::of(provider, None, &CacheStats::default()).tiers;
            (memory.is_some(), redis.is_some())
        };
        assert_eq!(tiers(CacheProvider::Memory), (true, false));
        assert_eq!(tiers(CacheProvider::Redis), (false, true));
        assert_eq!(tiers(CacheProvider::MemoryAndRedis), (true, true));
        assert_eq!(tiers(CacheProvider::None), (false, false));
    }
}
