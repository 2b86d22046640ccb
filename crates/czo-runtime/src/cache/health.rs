//! The cache in the health report.

use async_trait::async_trait;
use czo_core::{Health, HealthCheck};

use super::CacheAdmin;
use super::view::StatsView;
use crate::config::CacheProvider;

/// The health of the cache of this process. It is never down: what the cache can't do, it does
/// without.
#[derive(Clone, Debug)]
pub(crate) struct CacheHealth(pub(crate) CacheAdmin);

impl CacheHealth {
    fn verdict(&self, stats: &StatsView) -> Health {
        let StatsView { provider, linked, entries, bytes, .. } = stats;
        if *provider == CacheProvider::None {
            return Health::up().with_detail("off");
        }
        let hits = stats.hits_in_words();
        let detail = match provider {
            // All that is in memory then is what can't be loaded just now.
            CacheProvider::Redis => format!("hits: {hits}"),
            _ => format!("entries: {entries}, bytes: {bytes}, hits: {hits}"),
        };
        if *linked != Some(false) {
            return Health::up().with_detail(detail);
        }
        let staleness = self.0.staleness.as_millis();
        Health::degraded(match provider {
            CacheProvider::Redis => format!(
                "Redis does not answer: this process reads the database until it does; {detail}"
            ),
            _ => format!(
                "Redis does not answer: this process caches by itself until it does, and believes \
                 its memory for {staleness} ms at most; {detail}"
            ),
        })
    }
}

#[async_trait]
impl HealthCheck for CacheHealth {
    fn name(&self) -> &str {
        "cache"
    }

    async fn check(&self) -> Health {
        self.verdict(&self.0.stats())
    }
}

#[cfg(test)]
mod tests {
    use czo_cache::{Cache, CacheStats};
    use czo_core::HealthStatus;

    use super::*;
    use crate::config::CacheConfig;

    fn verdict(provider: CacheProvider, linked: Option<bool>) -> (HealthStatus, String) {
        let config = CacheConfig { provider, ..CacheConfig::default() };
        let health = CacheHealth(CacheAdmin::new(Cache::off(), &config));
        let mut stats = CacheStats::default();
        (stats.entries, stats.bytes) = (12, 3_400);
        (stats.memory.hits, stats.memory.misses) = (7, 1);
        let health = health.verdict(&StatsView::of(provider, linked, &stats));
        (health.status, health.detail.unwrap())
    }

    #[test]
    fn a_cache_that_works_says_what_it_has_and_how_often_that_was_wanted() {
        let detail = "entries: 12, bytes: 3400, hits: 88 %".to_owned();
        assert_eq!(verdict(CacheProvider::Memory, None), (HealthStatus::Up, detail.clone()));
        assert_eq!(verdict(CacheProvider::MemoryAndRedis, Some(true)), (HealthStatus::Up, detail));
        let detail = "hits: 88 %".to_owned();
        assert_eq!(verdict(CacheProvider::Redis, Some(true)), (HealthStatus::Up, detail));
        assert_eq!(verdict(CacheProvider::None, None), (HealthStatus::Up, "off".to_owned()));
    }

    #[test]
    fn without_its_redis_it_is_degraded_and_says_what_that_means() {
        let (status, detail) = verdict(CacheProvider::MemoryAndRedis, Some(false));
        assert_eq!(status, HealthStatus::Degraded);
        assert!(detail.contains("by itself") && detail.contains("2000 ms at most"), "{detail}");
        let (status, detail) = verdict(CacheProvider::Redis, Some(false));
        assert_eq!(status, HealthStatus::Degraded);
        assert!(detail.contains("reads the database"), "{detail}");
    }
}
