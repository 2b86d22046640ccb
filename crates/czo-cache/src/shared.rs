//! What all handles of a cache share.

use std::sync::Arc;
use std::time::Duration;

use crate::flight::Flights;
use crate::memory::Memory;
use crate::namespace::{Key, Namespaces};
use crate::options::CacheOptions;
use crate::pattern::Pattern;
use crate::remote::Remote;
use crate::scope::Scopes;
use crate::slot::{Held, Slot, Times};
use crate::stats::Stats;
use crate::store::Invalidation;
use crate::timeline::Timeline;

/// What all handles of a cache share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) memory: Memory,
    pub(crate) flights: Flights,
    pub(crate) scopes: Scopes,
    pub(crate) namespaces: Namespaces,
    pub(crate) timeline: Timeline,
    pub(crate) stats: Stats,
    pub(crate) remote: Option<Arc<Remote>>,
    /// No entry is kept for longer.
    pub(crate) max_age: Duration,
    /// How often a load of others is waited for that turns out to be no good.
    pub(crate) joins: usize,
}

/// How often a load of others is waited for that turns out to be no good, where anything is kept.
const JOINS: usize = 3;

impl Shared {
    pub(crate) fn new(options: &CacheOptions, remote: Option<Remote>) -> Arc<Self> {
        let keeps_nothing = options.memory_bytes == 0 && remote.is_none();
        Arc::new(Self {
            memory: match (options.memory_bytes, &remote) {
                (0, Some(_)) => Memory::of_spares(),
                (bytes, _) => Memory::new(bytes),
            },
            flights: Flights::new(),
            scopes: Scopes::default(),
            namespaces: Namespaces::default(),
            timeline: if options.tokio_time { Timeline::tokio() } else { Timeline::coarse() },
            stats: Stats::new(),
            remote: remote.map(Arc::new),
            max_age: options.max_age,
            joins: if keeps_nothing { 0 } else { JOINS },
        })
    }

    /// Puts this in the place of whatever is here or is being loaded, unless that is of a later
    /// version.
    pub(crate) fn put(&self, key: &Key, slot: Slot) {
        let mut held = self.flights.hold(key);
        held.remove(key);
        self.memory.keep(key, slot, self.timeline.now());
    }

    /// Forgets a key, here.
    pub(crate) fn forget(&self, key: &Key) {
        let mut held = self.flights.hold(key);
        held.remove(key);
        self.memory.remove(key.by_ref());
    }

    /// Forgets a key, here, unless it has this version or a later one, and takes no version below.
    pub(crate) fn forget_below(&self, key: &Key, version: i64) {
        let now = self.timeline.now();
        let tombstone = Slot {
            held: Held::Tombstone,
            tags: None,
            generation: self.scopes.generation(),
            version: Some(version),
            times: Times::tombstone(now),
            weight: 0,
        };
        let mut held = self.flights.hold(key);
        held.remove(key);
        if !self.memory.has_from(key, version, now) {
            self.memory.keep(key, tombstone, now);
        }
    }

    /// Forgets all keys that are meant, here.
    pub(crate) fn forget_all(&self, concerns: impl Fn(&Key) -> bool) {
        // Loads first: what begins after that is right.
        self.flights.fence(&concerns);
        self.memory.remove_all(concerns);
    }

    /// Does to memory what is said of the store.
    pub(crate) fn apply(&self, what: &Invalidation) {
        match what {
            Invalidation::Keys(keys) => {
                for key in keys {
                    if let Some(key) = self.key(key) {
                        self.forget(&key);
                    }
                }
            }
            Invalidation::Below(key, version) => {
                if let Some(key) = self.key(key) {
                    self.forget_below(&key, *version);
                }
            }
            Invalidation::Scope(scope) => self.scopes.invalidate(scope),
            Invalidation::Pattern(pattern) => {
                let pattern = Pattern::new(pattern);
                self.forget_all(|key| pattern.matches(&key.full()));
            }
        }
    }

    /// The key that the store calls so, if anybody here has its namespace.
    fn key(&self, full: &str) -> Option<Key> {
        let (path, text) = full.split_once('|')?;
        Some(Key::new(&self.namespaces.find(path)?, text))
    }
}
