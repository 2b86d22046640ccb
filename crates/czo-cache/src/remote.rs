//! The second tier: what several processes share, as long as it can be relied on.
//!
//! A session with the store is what can be relied on. While there is one, every invalidation that
//! this process has made is in the store, and those of others arrive, in order and without gaps. Once
//! anything is in doubt the session ends: a call that failed, a notice that did not come. Until the
//! next one begins, nothing is asked of the store, and memory is believed for no longer than
//! [`staleness_bound`](SharedOptions::staleness_bound).

mod fetch;
mod inspect;
mod lease;
mod link;
mod pending;

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use tokio::sync::Notify;

pub(crate) use self::lease::{Approach, HeldLease, Want};
pub(crate) use self::link::keep_linked;
use self::pending::Pending;
use crate::options::SharedOptions;
use crate::shared::Shared;
use crate::stats::Stats;
use crate::store::{Invalidation, Store, StoreError, StoreSession};
use crate::timeline::{Tick, ticks};

/// How many calls in a row may fail before a session is given up.
const FAILURES: u32 = 3;

/// The second tier.
pub(crate) struct Remote {
    store: Arc<dyn Store>,
    options: SharedOptions,
    current: ArcSwapOption<Live>,
    pending: Pending,
    /// How many invalidations are on their way.
    telling: AtomicUsize,
    /// Until then memory may be believed: it is as new as the store was shortly before.
    in_touch_until: AtomicU64,
    sessions: AtomicU64,
    /// Who this is to the store.
    node: u64,
    /// A session ended, or there is something for the next.
    changed: Notify,
}

/// A session that can be relied on.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) number: u64,
    pub(crate) session: Arc<dyn StoreSession>,
    failures: AtomicU32,
    /// The greatest generation of the store that is known.
    generation: AtomicU64,
}

impl Live {
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn saw(&self, generation: u64) {
        self.generation.fetch_max(generation, Ordering::AcqRel);
    }
}

impl Remote {
    pub(crate) fn new(store: Arc<dyn Store>, options: SharedOptions) -> Self {
        Self {
            store,
            options,
            current: ArcSwapOption::empty(),
            pending: Pending::default(),
            telling: AtomicUsize::new(0),
            in_touch_until: AtomicU64::new(0),
            sessions: AtomicU64::new(0),
            node: RandomState::new().hash_one(0_u8),
            changed: Notify::new(),
        }
    }

    /// Whether memory is as new as the store.
    #[inline]
    pub(crate) fn is_in_touch(&self, now: Tick) -> bool {
        now < self.in_touch_until.load(Ordering::Acquire)
    }

    /// As of when all that others have invalidated is known here; nothing when that is too long ago.
    pub(crate) fn in_touch_since(&self, now: Tick) -> Option<Tick> {
        let until = self.in_touch_until.load(Ordering::Acquire);
        (now < until).then(|| now.min(until.saturating_sub(ticks(self.bound()))))
    }

    /// How long memory is believed when it is not.
    pub(crate) fn bound(&self) -> Duration {
        self.options.staleness_bound
    }

    /// The session, while there is one.
    pub(crate) fn live(&self) -> Option<Arc<Live>> {
        self.current.load_full()
    }

    /// Gives a session up.
    fn end(&self, live: &Arc<Live>) {
        self.current.rcu(|current| current.clone().filter(|current| !Arc::ptr_eq(current, live)));
        self.changed.notify_one();
    }

    /// Notes how a call went: when too many fail, nothing more is asked of the store for a while.
    fn judge<T>(
        &self,
        live: &Arc<Live>,
        stats: &Stats,
        answer: Result<T, StoreError>,
    ) -> Option<T> {
        match answer {
            Ok(answer) => {
                live.failures.store(0, Ordering::Relaxed);
                Some(answer)
            }
            Err(error) => {
                stats.redis.errors.add();
                let failures = live.failures.fetch_add(1, Ordering::Relaxed) + 1;
                if failures >= FAILURES || matches!(error, StoreError::Changed) {
                    tracing::debug!(error = czo_core::describe(&error), "a session is given up");
                    self.end(live);
                }
                None
            }
        }
    }

    /// Tells the store and everybody else. What can't be told now is told before anything else is
    /// asked of the store.
    pub(crate) async fn invalidate(&self, shared: &Shared, what: Invalidation) {
        let mut telling = self.telling(what);
        let (Some(live), Some(what)) = (&telling.live, &telling.what) else { return };
        match live.session.invalidate(what).await {
            Ok(generation) => {
                // Before the notice of it arrives: what is read next is held against it.
                if let Invalidation::Scope(scope) = what
                    && let Some(scope) = shared.scopes.find(scope)
                {
                    scope.set_remote(live.number, generation);
                }
                live.saw(generation);
                telling.what = None;
            }
            Err(error) => {
                shared.stats.redis.errors.add();
                tracing::debug!(error = czo_core::describe(&error), "an invalidation is repeated");
            }
        }
    }

    /// Sees to it that this is told sooner or later, unless it turns out to be needless.
    pub(crate) fn telling(&self, what: Invalidation) -> Telling<'_> {
        self.telling.fetch_add(1, Ordering::AcqRel);
        Telling { remote: self, what: Some(what), live: self.live() }
    }

    /// Whether memory holds this for sure; otherwise only what was just loaded is believed.
    #[inline]
    pub(crate) fn believes(&self, loaded_at: Tick, now: Tick) -> bool {
        self.is_in_touch(now) || now < loaded_at.saturating_add(ticks(self.bound()))
    }
}

/// An invalidation on its way: if it does not get there, it waits for the next session, and this one
/// ends, since it would show what was to be forgotten.
pub(crate) struct Telling<'r> {
    remote: &'r Remote,
    what: Option<Invalidation>,
    live: Option<Arc<Live>>,
}

impl Telling<'_> {
    /// It need not be told any more.
    pub(crate) fn is_needless(&mut self) {
        self.what = None;
    }

    /// The session by which it is told, if there is one.
    pub(crate) fn live(&self) -> Option<&Arc<Live>> {
        self.live.as_ref()
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        if let Some(what) = self.what.take() {
            self.remote.pending.add(what);
            // After it is noted: a session that begins later tells it, and one that began before would
            // show what was to be forgotten.
            if let Some(live) = self.remote.live() {
                self.remote.end(&live);
            }
        }
        self.remote.telling.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How long something took.
struct Took<'s> {
    began: Instant,
    stats: &'s Stats,
}

impl<'s> Took<'s> {
    fn new(stats: &'s Stats) -> Self {
        Self { began: Instant::now(), stats }
    }
}

impl Drop for Took<'_> {
    fn drop(&mut self) {
        self.stats.redis.latency.record(self.began.elapsed());
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("store", &self.store)
            .field("options", &self.options)
            .field("session", &self.live())
            .finish_non_exhaustive()
    }
}
