//! Two nodes of one cache.

use czo_cache::{Cache, Loaded};

use super::CacheUnderTest;
use super::means::{Field, Means, NEW, OLD, found, found_for_long};
use super::probe::{Probe, eventually, finds, lasting};

async fn number(cache: &Cache, key: &str) -> Option<u64> {
    cache.get(key).await.map(|value| *value)
}

/// The one that wrote it is not asked.
pub async fn what_one_writes_the_other_reads(test: CacheUnderTest) {
    let entries = (0..100_u64).map(|value| (value.to_string(), value));
    test.one.set_many(entries, &lasting()).await;
    test.one.set("word", "shirt".to_owned(), &lasting()).await;
    for value in 0..100 {
        assert_eq!(number(&test.other, &value.to_string()).await, Some(value));
    }
    let word = test.other.get::<String>("word").await;
    assert_eq!(word.as_deref().map(String::as_str), Some("shirt"));
}

/// Also that there is nothing.
pub async fn what_one_has_loaded_the_other_need_not_load(test: CacheUnderTest) {
    let probe = Probe::open();
    assert_eq!(probe.value(&test.one, "key", &lasting(), finds(7_u64)).await, 7);
    let absent = || Ok(Loaded::<u64>::absent());
    let options = lasting().absent_for(super::probe::LONG);
    assert!(probe.read(&test.one, "none", &options, absent()).await.is_ok_and(|got| got.is_none()));
    eventually(|| async { test.other.has::<u64>("key").await }).await;
    assert_eq!(probe.value(&test.other, "key", &lasting(), finds(7_u64)).await, 7);
    assert_eq!(probe.calls(), 2);
    // It is told to the other a little later than to who asked.
    test.moment_passes().await;
    assert!(
        probe.read(&test.other, "none", &options, absent()).await.is_ok_and(|got| got.is_none())
    );
    assert_eq!(probe.calls(), 2);
}

/// And both get what it found.
pub async fn of_two_nodes_one_loads(test: CacheUnderTest) {
    for key in 0..10_u64 {
        let probe = Probe::closed();
        let text = key.to_string();
        let reads: Vec<_> = (0..10)
            .map(|place| probe.spawn(test.nodes()[place % 2], &text, &lasting(), finds(key)))
            .collect();
        probe.started().await;
        tokio::time::sleep(test.moment / 4).await;
        probe.release();
        for read in reads {
            assert_eq!(read.value().await, key);
        }
        assert_eq!(probe.calls(), 1, "{key}");
    }
}

/// A little later, if both have it in their memory.
pub async fn what_one_writes_takes_the_place_of_what_the_other_has(test: CacheUnderTest) {
    test.one.set("key", OLD, &lasting()).await;
    assert_eq!(number(&test.other, "key").await, Some(OLD));
    test.one.set("key", NEW, &lasting()).await;
    eventually(|| async { number(&test.other, "key").await == Some(NEW) }).await;
    test.stays(|| async { number(&test.other, "key").await == Some(NEW) }).await;

    let probe = Probe::open();
    let options = lasting().absent_for(super::probe::LONG);
    let absent = Ok(Loaded::<u64>::absent());
    assert!(probe.read(&test.other, "none", &options, absent).await.is_ok_and(|got| got.is_none()));
    test.one.set("none", NEW, &lasting()).await;
    eventually(|| async { number(&test.other, "none").await == Some(NEW) }).await;
}

/// Whichever comes first.
pub async fn of_two_versions_the_higher_one_stays_at_both(test: CacheUnderTest) {
    let row = |number: u64| {
        let version = i64::try_from(number).expect("a small number");
        Loaded::found(number).version(version)
    };
    for (key, first, second) in [("down", NEW, OLD), ("up", OLD, NEW)] {
        test.one.put(key, row(first), &lasting()).await;
        test.other.put(key, row(second), &lasting()).await;
        for node in test.nodes() {
            eventually(|| async { number(node, key).await == Some(NEW) }).await;
        }
        for node in test.nodes() {
            test.stays(|| async { number(node, key).await == Some(NEW) }).await;
        }
    }
}

/// By whatever means; what was seen to be gone does not come back.
pub async fn what_one_invalidates_the_other_forgets(test: CacheUnderTest) {
    for means in Means::ALL {
        let [here, there] = test.nodes().map(|node| Field::of(node, means));
        here.load_old(&lasting()).await;
        eventually(|| async { there.get().await == Some(OLD) }).await;
        there.invalidate(means).await;
        let expected = means.writes().then_some(NEW);
        assert_eq!(there.get().await, expected, "{means:?}");
        eventually(|| async { here.get().await == expected }).await;
        for node in [&here, &there] {
            test.stays(|| async { node.get().await == expected }).await;
        }
        for node in [&here, &there] {
            assert_eq!(node.value(&lasting(), NEW).await, NEW, "{means:?}");
        }
    }
}

/// Its value is never seen where the invalidation was made, and elsewhere not for long.
pub async fn what_one_invalidates_beats_a_load_of_the_other(test: CacheUnderTest) {
    for means in Means::ALL {
        let [here, there] = test.nodes().map(|node| Field::of(node, means));
        let old = Probe::closed();
        let early = here.spawn(&old, &lasting(), found(OLD));
        old.started().await;
        there.invalidate(means).await;
        assert_ne!(there.get().await, Some(OLD), "{means:?}");
        old.release();
        assert!([OLD, NEW].contains(&early.value().await));
        test.stays(|| async { there.get().await != Some(OLD) }).await;
        eventually(|| async { here.get().await != Some(OLD) }).await;
        test.stays(|| async { here.get().await != Some(OLD) }).await;
        for node in [&there, &here] {
            assert_eq!(node.value(&lasting(), NEW).await, NEW, "{means:?}");
        }
    }
}

/// Who comes after the invalidation does not wait for it.
pub async fn what_one_invalidates_is_loaded_anew_though_the_other_still_loads(
    test: CacheUnderTest,
) {
    for means in Means::ALL.into_iter().filter(|means| means.is_known_at_once()) {
        let [here, there] = test.nodes().map(|node| Field::of(node, means));
        let old = Probe::closed();
        let early = here.spawn(&old, &lasting(), found(OLD));
        old.started().await;
        there.invalidate(means).await;
        let late = there.spawn(&Probe::open(), &lasting(), found_for_long(NEW));
        assert_eq!(late.value().await, NEW, "{means:?}");
        old.release();
        assert!([OLD, NEW].contains(&early.value().await));
        test.stays(|| async { there.get().await != Some(OLD) }).await;
    }
}

/// What was stale at the one is served there no longer than it takes to hear of it.
pub async fn what_one_invalidates_beats_a_load_of_the_other_in_the_background(
    test: CacheUnderTest,
) {
    for means in Means::ALL {
        let [here, there] = test.nodes().map(|node| Field::of(node, means));
        let options = test.soon_stale();
        here.load_old(&options).await;
        test.moment_passes().await;
        let old = Probe::closed();
        assert_eq!(here.spawn(&old, &options, found(OLD)).value().await, OLD, "{means:?}");
        old.started().await;
        there.invalidate(means).await;
        old.release();
        test.stays(|| async { there.get().await != Some(OLD) }).await;
        eventually(|| async { here.get().await != Some(OLD) }).await;
        test.stays(|| async { here.get().await != Some(OLD) }).await;
    }
}
