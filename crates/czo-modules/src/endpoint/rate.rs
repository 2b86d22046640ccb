//! How often a shop may ask.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use czo_core::ShopId;
use czo_module_package::ModuleName;
use tokio::time::Instant;

/// How many buckets there are at most. Where there is no room, those that are full again go, since they
/// say nothing, and if there are none, the one that was used the longest ago.
const MOST: usize = 100_000;

/// A bucket of tokens for each module, endpoint and shop: it holds a minute's requests, and fills
/// evenly. What belongs to no shop has one together. Counted in this process alone.
#[derive(Default)]
pub(crate) struct RateLimits {
    buckets: Mutex<HashMap<Key, Bucket>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    module: ModuleName,
    endpoint: String,
    shop: Option<ShopId>,
}

struct Bucket {
    tokens: f64,
    at: Instant,
    per_second: f64,
    most: f64,
}

impl RateLimits {
    /// Takes a token.
    ///
    /// # Errors
    ///
    /// How long it takes until there is one.
    pub(crate) fn take(
        &self,
        module: &ModuleName,
        endpoint: &str,
        shop: Option<ShopId>,
        per_minute: u32,
        now: Instant,
    ) -> Result<(), Duration> {
        let most = f64::from(per_minute);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Key { module: module.clone(), endpoint: endpoint.to_owned(), shop };
        if buckets.len() >= MOST && !buckets.contains_key(&key) {
            make_room(&mut buckets, now);
        }
        let per_second = most / 60.0;
        let bucket =
            buckets.entry(key).or_insert(Bucket { tokens: most, at: now, per_second, most });
        // An update may have changed it.
        (bucket.per_second, bucket.most) = (per_second, most);
        bucket.tokens = bucket.filled(now);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        if per_second <= 0.0 {
            return Err(Duration::from_secs(60));
        }
        Err(Duration::from_secs_f64((1.0 - bucket.tokens) / per_second))
    }
}

impl Bucket {
    fn filled(&self, now: Instant) -> f64 {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        since.mul_add(self.per_second, self.tokens).min(self.most)
    }
}

fn make_room(buckets: &mut HashMap<Key, Bucket>, now: Instant) {
    buckets.retain(|_, bucket| bucket.filled(now) < bucket.most);
    if buckets.len() >= MOST {
        let oldest = buckets.iter().min_by_key(|(_, bucket)| bucket.at);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            buckets.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_has_a_minutes_requests_at_once_and_then_one_after_the_other() {
        let (limits, now) = (RateLimits::default(), Instant::now());
        let module: ModuleName = "loyalty".parse().unwrap();
        let take = |shop, now| limits.take(&module, "points", shop, 2, now);
        assert!(take(None, now).is_ok() && take(None, now).is_ok());
        assert_eq!(take(None, now), Err(Duration::from_secs(30)));
        let other = ShopId::from(uuid::Uuid::from_u128(1));
        assert!(take(Some(other), now).is_ok());
        assert!(take(None, now + Duration::from_secs(31)).is_ok());
        assert!(take(None, now + Duration::from_secs(31)).is_err());
    }
}
