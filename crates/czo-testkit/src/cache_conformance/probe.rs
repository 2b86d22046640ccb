//! Loads that can be held open, and how a test waits.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use czo_cache::{Cache, Cached, EntryOptions, LoadError, Loaded};
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::CacheUnderTest;

/// How long a test waits for what must come.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Longer than any test takes.
pub(super) const LONG: Duration = Duration::from_secs(600);

/// Good until the test is over.
pub(super) fn lasting() -> EntryOptions {
    EntryOptions::ttl(LONG).jitter(0.0)
}

/// What a load of the suite ends with.
pub(super) type Ends<T> = Result<Loaded<T>, io::Error>;

/// What a read of the suite ends with.
pub(super) type Got<T> = Result<Option<Arc<T>>, LoadError<io::Error>>;

pub(super) fn finds<T>(value: T) -> Ends<T> {
    Ok(Loaded::found(value))
}

pub(super) fn fails() -> Ends<u64> {
    Err(io::Error::other("the database is down"))
}

/// Counts loads, and holds them open if it is closed.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    calls: AtomicUsize,
    started: Semaphore,
    gate: Semaphore,
}

impl Probe {
    fn with(permits: usize) -> Self {
        let (started, gate) = (Semaphore::new(0), Semaphore::new(permits));
        Self { state: Arc::new(State { calls: AtomicUsize::new(0), started, gate }) }
    }

    /// Lets every load through.
    pub(super) fn open() -> Self {
        Self::with(Semaphore::MAX_PERMITS)
    }

    /// Holds every load until it is released.
    pub(super) fn closed() -> Self {
        Self::with(0)
    }

    /// How many loads have begun.
    pub(super) fn calls(&self) -> usize {
        self.state.calls.load(Ordering::SeqCst)
    }

    /// Waits for one more load to begin.
    pub(super) async fn started(&self) {
        pass(&self.state.started).await;
    }

    /// Lets all loads through from now on.
    pub(super) fn release(&self) {
        self.state.gate.add_permits(1_000_000);
    }

    /// A load that ends so.
    pub(super) fn load<T: Send + 'static, E: Send + 'static>(
        &self,
        end: Result<Loaded<T>, E>,
    ) -> impl FnOnce() -> BoxFuture<'static, Result<Loaded<T>, E>> + Send + 'static {
        let state = self.state.clone();
        move || {
            state.calls.fetch_add(1, Ordering::SeqCst);
            state.started.add_permits(1);
            Box::pin(async move {
                state.gate.acquire().await.expect("nobody closes it").forget();
                end
            })
        }
    }

    /// Reads a key, which is loaded so if it has to be.
    pub(super) async fn read<T: Cached>(
        &self,
        cache: &Cache,
        key: &str,
        options: &EntryOptions,
        end: Ends<T>,
    ) -> Got<T> {
        in_time(cache.get_or_load(key, options, self.load(end))).await
    }

    /// The same for what has to be there.
    pub(super) async fn value<T: Cached + Copy>(
        &self,
        cache: &Cache,
        key: &str,
        options: &EntryOptions,
        end: Ends<T>,
    ) -> T {
        *self.read(cache, key, options, end).await.expect("there is a value").expect("it is there")
    }

    /// The same in a task of its own.
    pub(super) fn spawn<T: Cached>(
        &self,
        cache: &Cache,
        key: &str,
        options: &EntryOptions,
        end: Ends<T>,
    ) -> Reading<T> {
        let (probe, cache, options) = (self.clone(), cache.clone(), options.clone());
        let key = key.to_owned();
        Reading(tokio::spawn(async move { probe.read(&cache, &key, &options, end).await }))
    }
}

/// A read under way.
pub(super) struct Reading<T>(tokio::task::JoinHandle<Got<T>>);

impl<T: Copy> Reading<T> {
    pub(super) async fn end(self) -> Got<T> {
        in_time(self.0).await.expect("no panic")
    }

    /// What it has read, where that has to be something.
    pub(super) async fn value(self) -> T {
        *self.end().await.expect("there is a value").expect("it is there")
    }
}

async fn pass(gate: &Semaphore) {
    in_time(gate.acquire()).await.expect("nobody closes it").forget();
}

/// What has to come.
pub(super) async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("it ends in time")
}

/// Waits until it is so.
pub(super) async fn eventually<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    let enough = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    in_time(enough).await;
}

impl CacheUnderTest {
    /// Lets a moment pass, by everybody's clock.
    pub(super) async fn moment_passes(&self) {
        tokio::time::sleep(self.moment + self.moment / 4).await;
    }

    /// Fails unless it is so all the time, for a moment.
    pub(super) async fn stays<F: Future<Output = bool>>(&self, mut is_so: impl FnMut() -> F) {
        for _ in 0..10 {
            assert!(is_so().await, "it stays so");
            tokio::time::sleep(self.moment / 10).await;
        }
        assert!(is_so().await, "it stays so");
    }

    /// Both nodes.
    pub(super) fn nodes(&self) -> [&Cache; 2] {
        [&self.one, &self.other]
    }

    /// Fresh for a moment, then stale for as long as the test takes.
    pub(super) fn soon_stale(&self) -> EntryOptions {
        EntryOptions::ttl(self.moment).jitter(0.0).stale_for(LONG)
    }

    /// Fresh for a moment, then spare for as long as the test takes.
    pub(super) fn soon_spare(&self) -> EntryOptions {
        EntryOptions::ttl(self.moment).jitter(0.0).spare_for(LONG)
    }
}
