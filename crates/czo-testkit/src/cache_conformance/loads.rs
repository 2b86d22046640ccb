//! Who loads, and what all others get.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fmt, io};

use czo_cache::{Cache, LoadError, Loaded};
use futures_util::FutureExt;
use futures_util::future::{join, join_all};
use tokio::task::JoinSet;

use super::CacheUnderTest;
use super::probe::{Got, Probe, eventually, fails, finds, in_time, lasting};

async fn number(cache: &Cache, key: &str) -> Option<u64> {
    cache.get(key).await.map(|value| *value)
}

/// Lets this many read a key, and the load end only when all of them wait.
async fn crowd(
    test: &CacheUnderTest,
    probe: &Probe,
    callers: usize,
    does_fail: bool,
) -> Vec<Got<u64>> {
    let end = || if does_fail { fails() } else { finds(7) };
    let options = lasting();
    // Each is polled before the load can begin.
    let reads = (0..callers).map(|_| probe.read(&test.one, "key", &options, end()));
    let release = async {
        probe.started().await;
        tokio::time::sleep(test.moment).await;
        probe.release();
    };
    let (got, ()) = join(join_all(reads), release).await;
    got
}

/// All of them get the value itself.
pub async fn of_ten_thousand_callers_one_loads(test: CacheUnderTest) {
    let probe = Probe::closed();
    let got = crowd(&test, &probe, 10_000, false).await;
    assert_eq!(probe.calls(), 1);
    let values: Vec<_> =
        got.into_iter().map(|got| got.expect("a value").expect("it is there")).collect();
    assert_eq!(*values[0], 7);
    assert!(values.iter().all(|value| Arc::ptr_eq(value, &values[0])));
}

/// However fast the load is, and wherever they come from.
pub async fn callers_in_many_tasks_load_once(test: CacheUnderTest) {
    for round in 0..100_u64 {
        let probe = Probe::open();
        let mut readers = JoinSet::new();
        for _ in 0..32 {
            let (cache, probe) = (test.one.clone(), probe.clone());
            readers.spawn(async move {
                probe.value(&cache, &round.to_string(), &lasting(), finds(round)).await
            });
        }
        let values = in_time(readers.join_all()).await;
        assert_eq!(values, [round; 32]);
        assert_eq!(probe.calls(), 1, "{round}");
    }
}

/// However long it waits in line.
pub async fn what_is_there_is_not_loaded(test: CacheUnderTest) {
    let probe = Probe::open();
    test.one.set("key", 7_u64, &lasting()).await;
    for _ in 0..100 {
        assert_eq!(probe.value(&test.one, "key", &lasting(), finds(8_u64)).await, 7);
    }
    assert_eq!(probe.calls(), 0);
}

/// Loads of different keys don't wait for each other.
pub async fn keys_are_loaded_side_by_side(test: CacheUnderTest) {
    let (slow, fast) = (Probe::closed(), Probe::open());
    let waiting = slow.spawn(&test.one, "slow", &lasting(), finds(1_u64));
    slow.started().await;
    for key in 0..1_000_u64 {
        assert_eq!(fast.value(&test.one, &key.to_string(), &lasting(), finds(key)).await, key);
    }
    slow.release();
    assert_eq!(waiting.value().await, 1);
}

/// It is the same error for all.
pub async fn a_load_that_fails_is_called_once_and_all_get_its_error(test: CacheUnderTest) {
    let probe = Probe::closed();
    let got = crowd(&test, &probe, 1_000, true).await;
    assert_eq!(probe.calls(), 1);
    let errors: Vec<_> = got
        .into_iter()
        .map(|got| match got {
            Err(LoadError::Failed(error)) => error,
            other => panic!("the load failed: {other:?}"),
        })
        .collect();
    assert!(errors.iter().all(|error| Arc::ptr_eq(error, &errors[0])));
}

/// Failures are not remembered.
pub async fn after_a_failure_the_next_call_loads_again(test: CacheUnderTest) {
    let probe = Probe::open();
    for _ in 0..3 {
        let got = probe.read(&test.one, "key", &lasting(), fails()).await;
        assert!(matches!(got, Err(LoadError::Failed(_))), "{got:?}");
    }
    assert_eq!(probe.calls(), 3);
    assert_eq!(probe.value(&test.one, "key", &lasting(), finds(7_u64)).await, 7);
    eventually(|| async { number(&test.one, "key").await == Some(7) }).await;
}

/// They are told that it was abandoned, and the next call loads.
pub async fn a_load_that_panics_does_no_harm_to_its_key(test: CacheUnderTest) {
    let probe = Probe::closed();
    let options = lasting();
    let panics = || {
        let load = probe.load::<u64, io::Error>(fails());
        in_time(test.one.get_or_load::<u64, io::Error, _, _>("key", &options, || async move {
            drop(load().await);
            panic!("as the test wants it");
        }))
    };
    let release = async {
        probe.started().await;
        tokio::time::sleep(test.moment).await;
        probe.release();
    };
    let (got, ()) = join(join_all((0..100).map(|_| panics())), release).await;
    assert_eq!(probe.calls(), 1);
    assert!(got.iter().all(|got| matches!(got, Err(LoadError::Abandoned))));
    assert_eq!(Probe::open().value(&test.one, "key", &options, finds(7_u64)).await, 7);
}

/// And what it finds is kept.
pub async fn a_load_outlives_its_callers(test: CacheUnderTest) {
    let probe = Probe::closed();
    let options = lasting();
    for _ in 0..3 {
        let mut read = Box::pin(probe.read(&test.one, "key", &options, finds(7_u64)));
        assert!((&mut read).now_or_never().is_none());
        drop(read);
    }
    probe.started().await;
    probe.release();
    eventually(|| async { number(&test.one, "key").await == Some(7) }).await;
    assert_eq!(probe.calls(), 1);
}

/// For as long as the options say, and no longer.
pub async fn that_there_is_nothing_is_remembered(test: CacheUnderTest) {
    let cache = &test.one;
    let probe = Probe::open();
    let absent = || Ok(Loaded::<u64>::absent());
    let long = lasting().absent_for(super::probe::LONG);
    for _ in 0..10 {
        assert_eq!(probe.read(cache, "long", &long, absent()).await.expect("no error"), None);
    }
    assert_eq!(probe.calls(), 1);
    assert!(!cache.has::<u64>("long").await);
    assert_eq!(number(cache, "long").await, None);

    let short = lasting().absent_for(test.moment);
    assert_eq!(probe.read(cache, "short", &short, absent()).await.expect("no error"), None);
    test.moment_passes().await;
    assert_eq!(probe.value(cache, "short", &short, finds(7)).await, 7);
}

/// Where the options say so.
pub async fn that_there_is_nothing_need_not_be_remembered(test: CacheUnderTest) {
    let probe = Probe::open();
    let options = lasting().absent_for(Duration::ZERO);
    for calls in 1..4 {
        let got = probe.read(&test.one, "key", &options, Ok(Loaded::<u64>::absent())).await;
        assert_eq!(got.expect("no error"), None);
        assert_eq!(probe.calls(), calls);
    }
    assert_eq!(probe.value(&test.one, "key", &options, finds(7_u64)).await, 7);
}

/// It knows better than who asks.
pub async fn how_long_a_result_is_good_is_what_the_load_says(test: CacheUnderTest) {
    let cache = &test.one;
    let probe = Probe::open();
    let short = || Ok(Loaded::found(1_u64).fresh_for(test.moment));
    let long = || Ok(Loaded::found(2_u64).fresh_for(super::probe::LONG));
    probe.value(cache, "short", &lasting(), short()).await;
    let shorter = czo_cache::EntryOptions::ttl(test.moment);
    probe.value(cache, "long", &shorter, long()).await;
    test.moment_passes().await;
    assert_eq!((number(cache, "short").await, number(cache, "long").await), (None, Some(2)));
}

/// All who wait for it get it nevertheless.
pub async fn a_result_that_is_good_for_no_time_is_not_kept(test: CacheUnderTest) {
    let probe = Probe::closed();
    let options = lasting().spare_for(super::probe::LONG).stale_for(super::probe::LONG);
    let passing = || Ok(Loaded::found(7_u64).fresh_for(Duration::ZERO));
    let reads = (0..10).map(|_| probe.value(&test.one, "key", &options, passing()));
    let release = async {
        probe.started().await;
        tokio::time::sleep(test.moment).await;
        probe.release();
    };
    let (values, ()) = join(join_all(reads), release).await;
    assert_eq!((values, probe.calls()), (vec![7; 10], 1));
    assert_eq!(number(&test.one, "key").await, None);
    assert_eq!(probe.value(&test.one, "key", &options, finds(8)).await, 8);
}

/// Each gets what its own type is.
pub async fn values_of_two_types_loaded_at_once_end_right(test: CacheUnderTest) {
    let (cache, options) = (&test.one, lasting());
    let (numbers, texts) = (Probe::closed(), Probe::open());
    let first = numbers.spawn(cache, "key", &options, finds(7_u64));
    numbers.started().await;
    let rest = join_all((0..10).map(|_| texts.read(cache, "key", &options, finds("7".to_owned()))));
    let release = async {
        tokio::time::sleep(test.moment).await;
        numbers.release();
    };
    let (rest, ()) = join(rest, release).await;
    assert_eq!(first.value().await, 7);
    for text in rest {
        assert_eq!(*text.expect("a value").expect("it is there"), "7");
    }
    // Whichever of the two is there now.
    assert!([7, 8].contains(&numbers.value(cache, "key", &options, finds(8_u64)).await));
}

/// Another than the one of the suite.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the database refused")
    }
}

impl std::error::Error for Refused {}

/// Each gets its own type of error.
pub async fn errors_of_two_types_at_once_end_right(test: CacheUnderTest) {
    let (cache, options) = (&test.one, lasting());
    let (one, other) = (Probe::closed(), Probe::open());
    let first = one.spawn(cache, "key", &options, fails());
    one.started().await;
    let refused = cache.get_or_load("key", &options, other.load::<u64, _>(Err(Refused)));
    let release = async {
        tokio::time::sleep(test.moment).await;
        one.release();
    };
    let (refused, ()) = join(in_time(refused), release).await;
    assert!(
        matches!(refused, Err(LoadError::Failed(error)) if error.to_string().contains("refused"))
    );
    assert!(matches!(first.end().await, Err(LoadError::Failed(_))));
}

/// And the key works as before.
pub async fn a_failure_is_told_also_where_the_key_has_another_type(test: CacheUnderTest) {
    let cache = &test.one;
    cache.set("key", "seven".to_owned(), &lasting()).await;
    let probe = Probe::open();
    for _ in 0..2 {
        let got = probe.read(cache, "key", &lasting(), fails()).await;
        assert!(matches!(got, Err(LoadError::Failed(_))), "{got:?}");
    }
    assert_eq!(probe.value(cache, "key", &lasting(), finds(7_u64)).await, 7);
}

/// By a load that always finds something.
pub async fn a_value_is_loaded_although_its_absence_is_known(test: CacheUnderTest) {
    let (cache, options) = (&test.one, lasting());
    let calls = Arc::new(AtomicUsize::new(0));
    let make = async || {
        let calls = calls.clone();
        let load = || async move {
            calls.fetch_add(1, Ordering::SeqCst);
            Ok::<_, io::Error>(7_u64)
        };
        in_time(cache.get_or_set("key", &options, load)).await
    };
    cache.put("key", Loaded::<u64>::absent(), &options).await;
    assert_eq!(make().await.map(|value| *value).ok(), Some(7));
    assert_eq!(make().await.map(|value| *value).ok(), Some(7));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

/// While one looks whether it is there, another makes it.
pub async fn a_value_is_loaded_while_its_absence_is_found(test: CacheUnderTest) {
    let (cache, options) = (&test.one, lasting());
    let probe = Probe::closed();
    let absent = probe.spawn(cache, "key", &options, Ok(Loaded::<u64>::absent()));
    probe.started().await;
    let made = cache.get_or_set("key", &options, async || Ok::<_, io::Error>(7_u64));
    let release = async {
        tokio::time::sleep(test.moment).await;
        probe.release();
    };
    let (made, ()) = join(in_time(made), release).await;
    assert_eq!(made.map(|value| *value).ok(), Some(7));
    assert!(absent.end().await.is_ok());
}
