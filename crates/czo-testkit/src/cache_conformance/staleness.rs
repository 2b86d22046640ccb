//! What is served when it is not fresh any more.

use std::io;
use std::time::Duration;

use czo_cache::{Cache, EntryOptions, LoadError, Loaded};
use tokio::time::Instant;

use super::CacheUnderTest;
use super::probe::{LONG, Probe, eventually, fails, finds, in_time, lasting};

const OLD: u64 = 1;
const NEW: u64 = 2;

async fn number(cache: &Cache, key: &str) -> Option<u64> {
    cache.get(key).await.map(|value| *value)
}

/// Puts the old value there, and waits until it is not fresh any more.
async fn grow_old(test: &CacheUnderTest, options: &EntryOptions) {
    test.one.set("key", OLD, options).await;
    test.moment_passes().await;
}

/// The reads don't wait for it.
pub async fn what_is_stale_is_served_while_one_load_runs(test: CacheUnderTest) {
    let (cache, options) = (&test.one, test.soon_stale().refresh_after(1.0));
    grow_old(&test, &options).await;
    let probe = Probe::closed();
    // What is loaded is to stay.
    let found = || Ok(Loaded::found(NEW).fresh_for(LONG));
    for _ in 0..100 {
        assert_eq!(probe.value(cache, "key", &options, found()).await, OLD);
        assert_eq!(number(cache, "key").await, Some(OLD));
    }
    probe.started().await;
    assert_eq!(probe.calls(), 1);
    probe.release();
    eventually(|| async { number(cache, "key").await == Some(NEW) }).await;
    assert_eq!(probe.value(cache, "key", &options, found()).await, NEW);
    assert_eq!(probe.calls(), 1);
}

/// A load that fails in the background is tried again, but not at once.
pub async fn what_is_stale_is_served_when_the_load_fails(test: CacheUnderTest) {
    let (cache, options) = (&test.one, test.soon_stale().retry_after(LONG));
    grow_old(&test, &options).await;
    let probe = Probe::open();
    assert_eq!(probe.value(cache, "key", &options, fails()).await, OLD);
    probe.started().await;
    // It fails a little after it has begun.
    test.moment_passes().await;
    for _ in 0..10 {
        assert_eq!(probe.value(cache, "key", &options, fails()).await, OLD);
    }
    test.moment_passes().await;
    assert_eq!(probe.calls(), 1);
}

/// When it is read after its part of the time, and not before.
pub async fn what_is_about_to_grow_stale_is_loaded_in_advance(test: CacheUnderTest) {
    let (cache, probe) = (&test.one, Probe::closed());
    let late = lasting().refresh_after(0.9);
    cache.set("late", OLD, &late).await;
    assert_eq!(probe.value(cache, "late", &late, finds(NEW)).await, OLD);

    let early = lasting().refresh_after(0.0);
    cache.set("early", OLD, &early).await;
    // A shared cache hears of its own writes too, a little later, and looks again what is there.
    test.moment_passes().await;
    for _ in 0..10 {
        assert_eq!(probe.value(cache, "early", &early, finds(NEW)).await, OLD);
    }
    probe.started().await;
    assert_eq!(probe.calls(), 1);
    probe.release();
    eventually(|| async { number(cache, "early").await == Some(NEW) }).await;
    assert_eq!(number(cache, "late").await, Some(OLD));
}

/// After its time.
pub async fn a_load_in_advance_that_failed_is_tried_again(test: CacheUnderTest) {
    let (cache, probe) = (&test.one, Probe::open());
    let options = lasting().refresh_after(0.0).retry_after(test.moment);
    cache.set("key", OLD, &options).await;
    test.moment_passes().await;
    assert_eq!(probe.value(cache, "key", &options, fails()).await, OLD);
    probe.started().await;
    eventually(|| async {
        let is_old = probe.value(cache, "key", &options, finds(NEW)).await == OLD;
        !is_old && probe.calls() > 1
    })
    .await;
}

/// A read waits for the load.
pub async fn what_is_spare_is_not_served_when_it_can_be_loaded(test: CacheUnderTest) {
    let options = test.soon_spare();
    grow_old(&test, &options).await;
    assert_eq!(number(&test.one, "key").await, None);
    assert!(!test.one.has::<u64>("key").await);
    assert_eq!(Probe::open().value(&test.one, "key", &options, finds(NEW)).await, NEW);
}

/// And for a while it is not tried again.
pub async fn what_is_spare_is_served_when_the_load_fails(test: CacheUnderTest) {
    let (cache, options) = (&test.one, test.soon_spare().retry_after(LONG));
    grow_old(&test, &options).await;
    let probe = Probe::open();
    for _ in 0..10 {
        assert_eq!(probe.value(cache, "key", &options, fails()).await, OLD);
    }
    assert_eq!(probe.calls(), 1);
}

/// As soon as that time is over.
pub async fn a_load_that_failed_is_tried_again_after_its_time(test: CacheUnderTest) {
    let (cache, options) = (&test.one, test.soon_spare().retry_after(test.moment));
    grow_old(&test, &options).await;
    let probe = Probe::open();
    assert_eq!(probe.value(cache, "key", &options, fails()).await, OLD);
    test.moment_passes().await;
    assert_eq!(probe.value(cache, "key", &options, fails()).await, OLD);
    assert_eq!(probe.calls(), 2);
    test.moment_passes().await;
    assert_eq!(probe.value(cache, "key", &options, finds(NEW)).await, NEW);
    assert_eq!(probe.calls(), 3);
}

/// A panic is a failure like any other, here.
pub async fn what_is_spare_is_served_when_the_load_panics(test: CacheUnderTest) {
    let (cache, options) = (&test.one, test.soon_spare().retry_after(LONG));
    grow_old(&test, &options).await;
    let probe = Probe::open();
    for _ in 0..10 {
        let load = probe.load::<u64, io::Error>(fails());
        let got = in_time(cache.get_or_load("key", &options, || async move {
            drop(load().await);
            panic!("as the test wants it")
        }));
        let got: Result<_, LoadError<io::Error>> = got.await;
        assert_eq!(got.ok().flatten().as_deref(), Some(&OLD));
    }
    assert_eq!(probe.calls(), 1);
}

/// It is served no longer than that.
pub async fn what_is_spare_is_gone_after_its_time(test: CacheUnderTest) {
    let (cache, probe) = (&test.one, Probe::open());
    let options = EntryOptions::ttl(test.moment).jitter(0.0).spare_for(test.moment);
    let options = options.retry_after(LONG);
    grow_old(&test, &options).await;
    // A failure does not make it live longer.
    let _ = probe.read(cache, "key", &options, fails()).await;
    test.moment_passes().await;
    let got = probe.read(cache, "key", &options, fails()).await;
    assert!(matches!(got, Err(LoadError::Failed(_))), "{got:?}");
}

/// Who comes later does not wait at all, and what the load finds is kept.
pub async fn what_is_spare_is_served_when_the_load_takes_long(test: CacheUnderTest) {
    let (cache, probe) = (&test.one, Probe::closed());
    let options = test.soon_spare().soft_timeout(test.moment).retry_after(LONG);
    grow_old(&test, &options).await;
    let found = || Ok(Loaded::found(NEW).fresh_for(LONG));
    assert_eq!(probe.value(cache, "key", &options, found()).await, OLD);
    let began = Instant::now();
    for _ in 0..40 {
        assert_eq!(probe.value(cache, "key", &options, found()).await, OLD);
    }
    assert!(began.elapsed() < test.moment * 20, "nobody waits again");
    assert_eq!(probe.calls(), 1);
    probe.release();
    eventually(|| async { number(cache, "key").await == Some(NEW) }).await;
}

/// What it finds late is kept.
pub async fn a_load_that_takes_too_long_is_an_error(test: CacheUnderTest) {
    let (cache, probe) = (&test.one, Probe::closed());
    // It is dropped after three times the time, and there is to be time for the rest.
    let options = lasting().hard_timeout(test.moment * 4);
    let got = probe.read(cache, "key", &options, finds(NEW)).await;
    assert!(matches!(got, Err(LoadError::TimedOut(after)) if after == test.moment * 4), "{got:?}");
    assert_eq!(number(cache, "key").await, None);
    probe.release();
    eventually(|| async { number(cache, "key").await == Some(NEW) }).await;
    assert_eq!(probe.calls(), 1);
}

/// The key is free then.
pub async fn a_load_that_never_ends_is_dropped(test: CacheUnderTest) {
    let (cache, probe) = (&test.one, Probe::closed());
    let options = lasting().hard_timeout(test.moment / 4);
    let got = probe.read(cache, "key", &options, finds(OLD)).await;
    assert!(matches!(got, Err(LoadError::TimedOut(_))), "{got:?}");
    let next = Probe::open();
    eventually(|| async {
        next.read(cache, "key", &lasting(), finds(NEW))
            .await
            .is_ok_and(|got| got.as_deref() == Some(&NEW))
    })
    .await;
}

/// All loads that it waits for together.
pub async fn a_read_waits_no_longer_than_was_said(test: CacheUnderTest) {
    let (cache, options) = (&test.one, lasting().hard_timeout(test.moment * 8));
    let (first, second) = (Probe::closed(), Probe::closed());
    let tagged = Ok(Loaded::found(OLD).tag("red"));
    let waits = first.spawn(cache, "key", &lasting().hard_timeout(LONG), tagged);
    first.started().await;
    let began = Instant::now();
    let late = second.spawn(cache, "key", &options, finds(NEW));
    tokio::time::sleep(test.moment * 7).await;
    // What it has waited for so long is no good, as it turns out.
    cache.invalidate_tag("red").await;
    first.release();
    assert!(matches!(late.end().await, Err(LoadError::TimedOut(_))));
    assert!(began.elapsed() < test.moment * 13, "{:?}", began.elapsed());
    assert!(waits.end().await.is_ok());
}

/// Where nothing is spare.
pub async fn with_nothing_to_serve_a_failure_is_an_error(test: CacheUnderTest) {
    let (cache, probe) = (&test.one, Probe::open());
    let options = EntryOptions::ttl(test.moment).jitter(0.0).retry_after(LONG);
    grow_old(&test, &options).await;
    for calls in 1..4 {
        let got = probe.read(cache, "key", &options, fails()).await;
        assert!(matches!(got, Err(LoadError::Failed(_))), "{got:?}");
        assert_eq!(probe.calls(), calls);
    }
}

/// Not even when a later load fails.
pub async fn what_was_found_to_be_gone_is_not_served_again(test: CacheUnderTest) {
    let (cache, probe) = (&test.one, Probe::open());
    let options = test.soon_spare().absent_for(Duration::ZERO);
    grow_old(&test, &options).await;
    let gone = Ok(Loaded::<u64>::absent());
    assert_eq!(probe.read(cache, "key", &options, gone).await.expect("no error"), None);
    let got = probe.read(cache, "key", &options, fails()).await;
    assert!(matches!(got, Err(LoadError::Failed(_))), "{got:?}");

    let options = test.soon_stale().absent_for(Duration::ZERO);
    grow_old(&test, &options).await;
    let gone = Ok(Loaded::<u64>::absent());
    assert_eq!(probe.value(cache, "key", &options, gone).await, OLD, "it is not known yet");
    eventually(|| async { number(cache, "key").await.is_none() }).await;
}

/// Some earlier than others, none later, and without it all together.
pub async fn jitter_spreads_the_ends(test: CacheUnderTest) {
    const ENTRIES: u64 = 2_000;
    let cache = &test.one;
    let keys: Vec<_> = (0..ENTRIES).map(|place| place.to_string()).collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    for (jitter, part) in [(0.0, "even"), (1.0, "spread")] {
        let options = EntryOptions::ttl(test.moment * 40).jitter(jitter);
        let cache = cache.namespace(part).expect("a name");
        let entries: Vec<_> = keys.iter().map(|key| ((*key).to_owned(), OLD)).collect();
        cache.set_many(entries, &options).await;
    }
    // A fortieth of the time, in which one of forty ends.
    test.moment_passes().await;
    let gone = async |part| {
        let values = cache.namespace(part).expect("a name").get_many::<u64>(&keys).await;
        values.iter().filter(|value| value.is_none()).count()
    };
    assert_eq!(gone("even").await, 0);
    let gone = gone("spread").await;
    assert!(gone > 0 && gone < 1_500, "{gone} of {ENTRIES} are gone");
}
