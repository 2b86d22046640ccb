//! Of two versions of a row the higher one stays.

use czo_cache::{Cache, EntryOptions, Loaded};

use super::CacheUnderTest;
use super::probe::{LONG, Probe, eventually, finds, lasting};

async fn number(cache: &Cache, key: &str) -> Option<u64> {
    cache.get(key).await.map(|value| *value)
}

/// A row whose value is its version.
fn row(version: i64) -> Loaded<u64> {
    Loaded::found(version.unsigned_abs()).version(version)
}

/// The same or a higher one takes its place.
pub async fn a_lower_version_is_not_put_in_the_place_of_a_higher_one(test: CacheUnderTest) {
    let cache = &test.one;
    for (put, there) in [(5, 5), (4, 5), (6, 6), (-7, 6), (5, 6), (i64::MAX, i64::MAX)] {
        cache.put("key", row(put), &lasting()).await;
        assert_eq!(number(cache, "key").await, Some(there.unsigned_abs()), "{put}");
    }
    let same = Loaded::found(1_u64).version(i64::MAX);
    cache.put("key", same, &lasting()).await;
    assert_eq!(number(cache, "key").await, Some(1));
}

/// Below zero they count as well.
pub async fn versions_may_be_negative(test: CacheUnderTest) {
    let cache = &test.one;
    for (put, there) in [(i64::MIN, i64::MIN), (-5, -5), (-6, -5), (0, 0), (-1, 0)] {
        cache.put("key", row(put), &lasting()).await;
        assert_eq!(number(cache, "key").await, Some(there.unsigned_abs()), "{put}");
    }
}

/// It is not said to be older.
pub async fn a_value_without_a_version_takes_any_place(test: CacheUnderTest) {
    let cache = &test.one;
    cache.put("key", row(5), &lasting()).await;
    cache.set("key", 100_u64, &lasting()).await;
    assert_eq!(number(cache, "key").await, Some(100));
    cache.put("key", row(1), &lasting()).await;
    assert_eq!(number(cache, "key").await, Some(1));
}

/// As when it asks a replica that lags behind.
pub async fn a_load_does_not_replace_a_higher_version(test: CacheUnderTest) {
    let cache = &test.one;
    let options = test.soon_stale();
    cache.put("key", row(5), &options).await;
    test.moment_passes().await;
    let probe = Probe::open();
    assert_eq!(probe.value(cache, "key", &options, Ok(row(4))).await, 5);
    probe.started().await;
    test.stays(|| async { number(cache, "key").await == Some(5) }).await;
    assert_eq!(probe.value(cache, "key", &options, Ok(row(6))).await, 5);
    eventually(|| async {
        probe.value(cache, "key", &options, Ok(row(6))).await;
        number(cache, "key").await == Some(6)
    })
    .await;
}

/// The time of a version ends with its entry.
pub async fn what_is_over_holds_no_version_back(test: CacheUnderTest) {
    let cache = &test.one;
    cache.put("key", row(5), &EntryOptions::ttl(test.moment)).await;
    test.moment_passes().await;
    cache.put("key", row(4), &lasting()).await;
    assert_eq!(number(cache, "key").await, Some(4));
}

/// Neither by a load nor by a put; what is as new is taken.
pub async fn what_was_invalidated_below_comes_back_in_no_lower_version(test: CacheUnderTest) {
    let cache = &test.one;
    let probe = Probe::open();
    for (key, version) in [("same", 5_i64), ("higher", 6)] {
        cache.put(key, row(4), &lasting()).await;
        cache.invalidate_below(key, 5).await;
        assert_eq!(number(cache, key).await, None);
        assert!(!cache.has::<u64>(key).await);
        // There is nothing else to give to who asks.
        assert_eq!(probe.value(cache, key, &lasting(), Ok(row(4))).await, 4);
        assert_eq!(number(cache, key).await, None);
        cache.put(key, row(3), &lasting()).await;
        assert_eq!(number(cache, key).await, None);
        let value = version.unsigned_abs();
        assert_eq!(probe.value(cache, key, &lasting(), Ok(row(version))).await, value);
        eventually(|| async { number(cache, key).await == Some(value) }).await;
        cache.put(key, row(4), &lasting()).await;
        assert_eq!(number(cache, key).await, Some(value));
    }
}

/// A lower bound that comes later changes nothing.
pub async fn of_two_bounds_the_higher_one_counts(test: CacheUnderTest) {
    let cache = &test.one;
    cache.invalidate_below("key", 7).await;
    cache.invalidate_below("key", 5).await;
    cache.put("key", row(6), &lasting()).await;
    assert_eq!(number(cache, "key").await, None);
    cache.put("key", row(7), &lasting()).await;
    assert_eq!(number(cache, "key").await, Some(7));
}

/// What it has is as new as it has to be.
pub async fn a_bound_leaves_what_is_of_its_version(test: CacheUnderTest) {
    let cache = &test.one;
    cache.put("key", row(5), &lasting()).await;
    for bound in [4, 5] {
        cache.invalidate_below("key", bound).await;
        assert_eq!(number(cache, "key").await, Some(5), "{bound}");
    }
    cache.invalidate_below("key", 6).await;
    assert_eq!(number(cache, "key").await, None);
}

/// As when a database is restored: what comes then is older.
pub async fn what_was_cleared_holds_no_version_back(test: CacheUnderTest) {
    let cache = &test.one;
    cache.put("key", row(7), &lasting()).await;
    cache.clear().await;
    cache.put("key", row(5), &lasting()).await;
    assert_eq!(number(cache, "key").await, Some(5));
    assert_eq!(Probe::open().value(cache, "other", &lasting(), Ok(row(7))).await, 7);
    cache.clear().await;
    assert_eq!(Probe::open().value(cache, "other", &lasting(), Ok(row(5))).await, 5);
    eventually(|| async { number(&test.other, "other").await == Some(5) }).await;
}

/// A result that is not kept takes nothing away.
pub async fn a_lower_version_that_is_not_to_be_kept_takes_nothing_away(test: CacheUnderTest) {
    let cache = &test.one;
    let options = lasting().refresh_after(0.0).stale_for(LONG);
    cache.put("key", row(5), &options).await;
    let probe = Probe::open();
    let passing = row(4).fresh_for(std::time::Duration::ZERO);
    assert_eq!(probe.value(cache, "key", &options, Ok(passing)).await, 5);
    probe.started().await;
    test.stays(|| async { number(cache, "key").await == Some(5) }).await;
    cache.invalidate_below("bound", 5).await;
    let passing = || Loaded::found(1_u64).fresh_for(std::time::Duration::ZERO);
    probe.value(cache, "bound", &options, Ok(passing())).await;
    cache.put("bound", row(4), &options).await;
    assert_eq!(number(cache, "bound").await, None);
    assert_eq!(probe.value(cache, "bound", &options, finds(9_u64)).await, 9);
}
