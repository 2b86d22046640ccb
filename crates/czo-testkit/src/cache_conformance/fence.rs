//! An invalidation beats whatever was loaded before it, and whatever is being loaded.

use czo_cache::{Cache, EntryOptions};

use super::CacheUnderTest;
use super::means::{Field, Means, NEW, OLD, found, found_for_long};
use super::probe::{LONG, Probe, fails, lasting};

/// A load has read the old value and is not done. From the invalidation on nobody gets that.
async fn beats_a_load(test: &CacheUnderTest, means: Means) {
    let [here, there] = test.nodes().map(|node| Field::of(node, means));
    let options = lasting();
    let old = Probe::closed();
    let early = here.spawn(&old, &options, found(OLD));
    old.started().await;
    here.invalidate(means).await;
    forgets_the_load(test, means, &here, &old, &options).await;
    // It began before.
    assert!([OLD, NEW].contains(&early.value().await));
    stays_new(test, means, [&here, &there]).await;
}

/// A load with the old value is open, and the key was invalidated: who comes now gets the new one,
/// before that load is done if it can be known so early that it is of no use.
async fn forgets_the_load(
    test: &CacheUnderTest,
    means: Means,
    here: &Field,
    old: &Probe,
    options: &EntryOptions,
) {
    assert_ne!(here.get().await, Some(OLD), "{means:?}");
    let late = here.spawn(&Probe::open(), options, found_for_long(NEW));
    if means.is_known_at_once() {
        assert_eq!(late.value().await, NEW, "{means:?}");
        old.release();
    } else {
        // So that it waits by then, which matters only to what the test can find.
        tokio::time::sleep(test.moment / 10).await;
        old.release();
        assert_eq!(late.value().await, NEW, "{means:?}");
    }
}

/// Neither node ever shows the old value.
async fn stays_new(test: &CacheUnderTest, means: Means, nodes: [&Field; 2]) {
    test.stays(|| async {
        let mut is_new = true;
        for node in nodes {
            is_new &= node.get().await != Some(OLD);
        }
        is_new
    })
    .await;
    for node in nodes {
        assert_eq!(node.value(&lasting(), NEW).await, NEW, "{means:?}");
    }
}

/// The same with nobody who comes while the load is open.
async fn beats_a_load_that_nobody_joins(test: &CacheUnderTest, means: Means) {
    let [here, there] = test.nodes().map(|node| Field::of(node, means));
    let old = Probe::closed();
    let early = here.spawn(&old, &lasting(), found(OLD));
    old.started().await;
    here.invalidate(means).await;
    old.release();
    assert!([OLD, NEW].contains(&early.value().await));
    stays_new(test, means, [&here, &there]).await;
}

async fn beats(test: CacheUnderTest, means: Means) {
    beats_a_load(&test, means).await;
    let apart = |cache: &Cache| cache.namespace("apart").expect("a name");
    let (one, other) = (apart(&test.one), apart(&test.other));
    beats_a_load_that_nobody_joins(&CacheUnderTest { one, other, ..test }, means).await;
}

/// Of one key.
pub async fn a_delete_beats_a_load(test: CacheUnderTest) {
    beats(test, Means::Delete).await;
}

/// Of many keys.
pub async fn a_delete_of_many_beats_a_load(test: CacheUnderTest) {
    beats(test, Means::DeleteMany).await;
}

/// Its value stays.
pub async fn a_set_beats_a_load(test: CacheUnderTest) {
    beats(test, Means::Set).await;
}

/// Its values stay.
pub async fn a_set_of_many_beats_a_load(test: CacheUnderTest) {
    beats(test, Means::SetMany).await;
}

/// That the key matches.
pub async fn a_pattern_beats_a_load(test: CacheUnderTest) {
    beats(test, Means::Pattern).await;
}

/// That the options name.
pub async fn a_tag_beats_a_load(test: CacheUnderTest) {
    beats(test, Means::Tag).await;
}

/// Nobody can know of it before the load is done.
pub async fn a_tag_of_the_result_beats_its_load(test: CacheUnderTest) {
    beats(test, Means::FoundTag).await;
}

/// The key's own.
pub async fn a_clear_of_a_namespace_beats_a_load(test: CacheUnderTest) {
    beats(test, Means::Namespace).await;
}

/// Around the key's own.
pub async fn a_clear_of_an_outer_namespace_beats_a_load(test: CacheUnderTest) {
    beats(test, Means::OuterNamespace).await;
}

/// In whatever namespace.
pub async fn a_clear_of_everything_beats_a_load(test: CacheUnderTest) {
    beats(test, Means::Everything).await;
}

/// Of what is below it.
pub async fn a_bound_of_versions_beats_a_load(test: CacheUnderTest) {
    beats(test, Means::Below).await;
}

/// The stale value was served, and is being loaded again in the background.
pub async fn every_invalidation_beats_a_load_in_the_background(test: CacheUnderTest) {
    for means in Means::ALL {
        let [here, there] = test.nodes().map(|node| Field::of(node, means));
        let options = test.soon_stale();
        here.load_old(&options).await;
        test.moment_passes().await;
        let old = Probe::closed();
        assert_eq!(here.spawn(&old, &options, found(OLD)).value().await, OLD, "{means:?}");
        old.started().await;
        here.invalidate(means).await;
        forgets_the_load(&test, means, &here, &old, &options).await;
        stays_new(&test, means, [&here, &there]).await;
    }
}

/// The fresh value was served, and is being loaded again in advance.
pub async fn every_invalidation_beats_a_load_in_advance(test: CacheUnderTest) {
    for means in Means::ALL {
        let [here, there] = test.nodes().map(|node| Field::of(node, means));
        let options = lasting().refresh_after(0.0);
        here.load_old(&options).await;
        let old = Probe::closed();
        assert_eq!(here.spawn(&old, &options, found(OLD)).value().await, OLD, "{means:?}");
        old.started().await;
        here.invalidate(means).await;
        old.release();
        stays_new(&test, means, [&here, &there]).await;
    }
}

/// What was invalidated is no help when the load fails.
pub async fn every_invalidation_beats_what_is_spare(test: CacheUnderTest) {
    for means in Means::ALL {
        let here = Field::of(&test.one, means);
        let options = test.soon_spare().stale_for(test.moment).retry_after(LONG);
        here.load_old(&options).await;
        here.invalidate(means).await;
        let expected = means.writes().then_some(NEW);
        for _ in 0..3 {
            assert_eq!(here.without_database(&options).await, expected, "{means:?}");
        }
    }
}

/// A load that fails after the invalidation brings nothing back.
pub async fn every_invalidation_beats_a_load_that_fails(test: CacheUnderTest) {
    for means in Means::ALL {
        let [here, there] = test.nodes().map(|node| Field::of(node, means));
        let options = test.soon_spare().soft_timeout(LONG).retry_after(LONG);
        here.load_old(&options).await;
        test.moment_passes().await;
        let failing = Probe::closed();
        let early = here.spawn(&failing, &options, fails());
        failing.started().await;
        here.invalidate(means).await;
        let late = here.spawn(&Probe::open(), &options, fails());
        tokio::time::sleep(test.moment / 10).await;
        failing.release();
        let expected = means.writes().then_some(NEW);
        let late = late.end().await.ok().flatten().map(|value| *value);
        assert_eq!(late, expected, "{means:?}");
        // It began before.
        let _ = early.end().await;
        for node in [&here, &there] {
            assert_eq!(node.get().await, expected, "{means:?}");
            assert_eq!(node.without_database(&options).await, expected, "{means:?}");
        }
    }
}

/// It was said to be served for a while, since the load had failed.
pub async fn every_invalidation_beats_what_is_spare_for_a_while(test: CacheUnderTest) {
    for means in Means::ALL {
        let [here, there] = test.nodes().map(|node| Field::of(node, means));
        let options = test.soon_spare().retry_after(LONG);
        here.load_old(&options).await;
        test.moment_passes().await;
        assert_eq!(here.without_database(&options).await, Some(OLD), "{means:?}");
        here.invalidate(means).await;
        let expected = means.writes().then_some(NEW);
        for node in [&here, &there] {
            assert_eq!(node.get().await, expected, "{means:?}");
            assert_eq!(node.without_database(&options).await, expected, "{means:?}");
        }
    }
}

/// The same where the load took too long and is still under way.
pub async fn every_invalidation_beats_a_load_that_takes_long(test: CacheUnderTest) {
    for means in Means::ALL {
        let [here, there] = test.nodes().map(|node| Field::of(node, means));
        let soft = test.moment / 10;
        let options = test.soon_spare().soft_timeout(soft).retry_after(LONG);
        here.load_old(&options).await;
        test.moment_passes().await;
        let old = Probe::closed();
        assert_eq!(here.spawn(&old, &options, found(OLD)).value().await, OLD, "{means:?}");
        here.invalidate(means).await;
        forgets_the_load(&test, means, &here, &old, &options).await;
        stays_new(&test, means, [&here, &there]).await;
    }
}

/// However often, and whatever of it is loaded meanwhile.
pub async fn invalidations_one_after_the_other_all_count(test: CacheUnderTest) {
    let at_once = |means: &Means| means.is_known_at_once() && !means.writes();
    for means in Means::ALL.into_iter().filter(at_once) {
        let here = Field::of(&test.one, means);
        let mut open = Vec::new();
        for _ in 0..5 {
            let old = Probe::closed();
            let reading = here.spawn(&old, &lasting(), found(OLD));
            old.started().await;
            here.invalidate(means).await;
            open.push((old, reading));
        }
        // The last first.
        for (old, reading) in open.into_iter().rev() {
            assert_eq!(here.get().await, None, "{means:?}");
            old.release();
            assert_eq!(reading.value().await, OLD, "{means:?}");
        }
        test.stays(|| async { here.get().await.is_none() }).await;
        assert_eq!(here.value(&lasting(), NEW).await, NEW, "{means:?}");
    }
}
