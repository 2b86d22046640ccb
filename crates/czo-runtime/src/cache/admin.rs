//! The cache of a program, as those have it who look after it.

use std::time::Duration;

use czo_cache::{Cache, NameError};

use super::forget::{Forget, ForgetError, Forgotten};
use super::view::{EntryView, StatsView};
use crate::config::{CacheConfig, CacheProvider};

/// How often it is looked whether something has become so.
const PAUSE: Duration = Duration::from_millis(10);

/// The cache of a program, as those have it who look after it.
#[derive(Clone, Debug)]
pub(crate) struct CacheAdmin {
    cache: Cache,
    pub(super) provider: CacheProvider,
    pub(super) staleness: Duration,
}

impl CacheAdmin {
    /// For the cache that this configuration opened.
    pub(crate) fn new(cache: Cache, config: &CacheConfig) -> Self {
        let staleness = Duration::from_millis(config.staleness_milliseconds);
        Self { cache, provider: config.provider, staleness }
    }

    /// Whether notices of the other processes arrive; nothing where there are none to arrive.
    pub(super) fn is_linked(&self) -> Option<bool> {
        self.provider.has_redis().then(|| self.cache.is_linked())
    }

    /// Waits until the cache is linked; false when it is not after this time.
    pub(crate) async fn is_linked_within(&self, patience: Duration) -> bool {
        becomes_so(patience, || self.cache.is_linked()).await
    }

    /// What is in it, and how often it had what was asked for.
    pub(crate) fn stats(&self) -> StatsView {
        StatsView::of(self.provider, self.is_linked(), &self.cache.stats())
    }

    /// What is kept for a key.
    pub(crate) async fn entry(
        &self,
        namespace: Option<&str>,
        key: &str,
    ) -> Result<Option<EntryView>, NameError> {
        let found = self.part(namespace)?.inspect(key).await;
        Ok(found.map(|found| EntryView::of(namespace, key, found)))
    }

    /// Forgets what is meant, and says what that was.
    pub(crate) async fn forget(&self, meant: Forget) -> Result<Forgotten, ForgetError> {
        meant.check()?;
        let part = self.part(meant.namespace.as_deref())?;
        if let Some(key) = &meant.key {
            part.delete(key).await;
        } else if let Some(pattern) = &meant.pattern {
            part.invalidate(pattern).await;
        } else if let Some(tag) = &meant.tag {
            part.invalidate_tag(tag).await;
        } else {
            part.clear().await;
        }
        let told = self.provider.has_redis().then(|| self.cache.has_told_all());
        Ok(Forgotten { meant, told })
    }

    /// The part of the cache that is called so: names with `/` between.
    fn part(&self, namespace: Option<&str>) -> Result<Cache, NameError> {
        let names = namespace.into_iter().flat_map(|path| path.split('/'));
        names.into_iter().try_fold(self.cache.clone(), |cache, name| cache.namespace(name))
    }
}

/// Before a process ends: waits until the others know what it has invalidated, for this long at
/// most. What it could not tell is logged.
pub(crate) async fn tell_the_rest(cache: &Cache, patience: Duration) {
    if !becomes_so(patience, || cache.has_told_all()).await {
        tracing::warn!(
            "Redis was not told of all that this process has changed: once it answers, \
             `czo cache clear` makes the other processes forget what they have of it"
        );
    }
}

async fn becomes_so(patience: Duration, is_so: impl Fn() -> bool) -> bool {
    let looking = async {
        while !is_so() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(patience, looking).await.is_ok()
}

#[cfg(test)]
mod tests {
    use czo_cache::EntryOptions;

    use super::*;

    fn minute() -> EntryOptions {
        EntryOptions::ttl(Duration::from_secs(60)).tag("shop_1")
    }

    async fn filled() -> (Cache, CacheAdmin) {
        let config = CacheConfig::default();
        let cache = config.open().unwrap();
        let admin = CacheAdmin::new(cache.clone(), &config);
        let inner = cache.namespace("a").unwrap().namespace("b").unwrap();
        for cache in [&cache, &inner] {
            cache.set("k1", 1_u32, &minute()).await;
            cache.set("k2", 2_u32, &EntryOptions::ttl(Duration::from_secs(60))).await;
        }
        (cache, admin)
    }

    /// The keys that are left, those in `a/b` with that before them.
    async fn left(admin: &CacheAdmin) -> Vec<String> {
        let mut left = Vec::new();
        for (namespace, before) in [(None, ""), (Some("a/b"), "a/b/")] {
            for key in ["k1", "k2"] {
                if admin.entry(namespace, key).await.unwrap().is_some() {
                    left.push(format!("{before}{key}"));
                }
            }
        }
        left
    }

    async fn left_after(meant: Forget) -> Vec<String> {
        let (_cache, admin) = filled().await;
        assert_eq!(left(&admin).await, ["k1", "k2", "a/b/k1", "a/b/k2"]);
        let forgotten = admin.forget(meant).await.unwrap();
        assert_eq!(forgotten.told, None, "there is nobody to tell");
        left(&admin).await
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[tokio::test]
    async fn a_key_and_a_pattern_are_forgotten_in_their_namespace_alone() {
        let key = Forget { key: text("k1"), ..Forget::default() };
        assert_eq!(left_after(key).await, ["k2", "a/b/k1", "a/b/k2"]);
        let key = Forget { key: text("k1"), namespace: text("a/b"), ..Forget::default() };
        assert_eq!(left_after(key).await, ["k1", "k2", "a/b/k2"]);
        let pattern = Forget { pattern: text("k*"), namespace: text("a/b"), ..Forget::default() };
        assert_eq!(left_after(pattern).await, ["k1", "k2"]);
    }

    #[tokio::test]
    async fn a_tag_is_forgotten_in_every_namespace() {
        let tag = Forget { tag: text("shop_1"), ..Forget::default() };
        assert_eq!(left_after(tag).await, ["k2", "a/b/k2"]);
    }

    #[tokio::test]
    async fn everything_is_all_of_the_cache_or_of_a_namespace_and_those_within() {
        let all = Forget { everything: true, ..Forget::default() };
        assert_eq!(left_after(all).await, [""; 0]);
        let part = Forget { everything: true, namespace: text("a"), ..Forget::default() };
        assert_eq!(left_after(part).await, ["k1", "k2"]);
    }

    #[tokio::test]
    async fn a_name_that_is_none_is_refused_with_what_names_are() {
        let (_cache, admin) = filled().await;
        for name in ["", "a//b", "/a", "a b", "ä"] {
            let error = admin.entry(Some(name), "k").await.unwrap_err().to_string();
            assert!(error.contains("1 to 100 letters"), "{name}: {error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_ends_waits_for_no_longer_than_it_is_given() {
        let url = "redis://127.0.0.1:1".parse().unwrap();
        let provider = CacheProvider::Redis;
        let config = CacheConfig { provider, url: Some(url), ..CacheConfig::default() };
        let cache = config.open().unwrap();
        let began = tokio::time::Instant::now();
        tell_the_rest(&cache, Duration::from_secs(1)).await;
        assert!(began.elapsed() < Duration::from_millis(1), "there is nothing to tell");
        cache.delete("k").await;
        tell_the_rest(&cache, Duration::from_secs(1)).await;
        assert!(began.elapsed() >= Duration::from_secs(1));
    }
}
