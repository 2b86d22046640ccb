//! Loads under way: one for each key, however many wait for it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;

use crate::namespace::Key;
use crate::scope::{Generation, Scope, Scopes, tag_scope};
use crate::slot::{AnyError, Slot};

/// How many keys can be worked on at once.
const SHARDS: usize = 64;

/// A load under way.
#[derive(Debug)]
pub(crate) struct Flight {
    /// The generation at which it began.
    pub(crate) generation: Generation,
    /// The scopes that its options name.
    pub(crate) tags: Box<[Arc<Scope>]>,
    /// It looks in the store, and loads nothing: nobody joins it.
    is_look: bool,
    outcome: OnceLock<Outcome>,
    landed: Notify,
    /// What the store has that is served when it takes too long.
    pub(crate) spare: OnceLock<Slot>,
}

/// What came of a load.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Found(Slot),
    /// An `Arc` of the error, of a type that the waiters know.
    Failed(AnyError),
    /// It panicked or was dropped.
    Abandoned,
}

impl Flight {
    fn new(scopes: &Scopes, tags: &[String], is_look: bool) -> Self {
        let tags = tags.iter().map(|tag| scopes.of(&tag_scope(tag))).collect();
        // After the scopes are there, so that each invalidation of theirs from now on counts.
        let generation = scopes.generation();
        Self {
            generation,
            tags,
            is_look,
            outcome: OnceLock::new(),
            landed: Notify::new(),
            spare: OnceLock::new(),
        }
    }

    /// Whether what it reads is still right: nothing of it was invalidated since it began.
    fn is_good(&self, key: &Key) -> bool {
        let is_good = |scope: &Arc<Scope>| scope.invalidated_at() <= self.generation;
        key.namespace.scopes().iter().all(is_good) && self.tags.iter().all(is_good)
    }

    /// What came of it, once it did.
    pub(crate) async fn outcome(&self) -> Outcome {
        loop {
            let mut landed = std::pin::pin!(self.landed.notified());
            landed.as_mut().enable();
            if let Some(outcome) = self.outcome.get() {
                return outcome.clone();
            }
            landed.await;
        }
    }

    fn has_landed(&self) -> bool {
        self.outcome.get().is_some()
    }
}

/// Whether a caller is to load, or to wait for another.
#[derive(Debug)]
pub(crate) enum Boarding {
    Started(Arc<Flight>),
    Joined(Arc<Flight>),
    /// Somebody else has loaded it just now.
    Landed,
}

/// All loads under way.
///
/// A key's shard is locked while its entry changes. So an invalidation, which takes the load out of
/// it, comes either before the load keeps what it found, which it then may not, or after, and then
/// it removes it.
#[derive(Debug)]
pub(crate) struct Flights {
    shards: Box<[Shard]>,
    hasher: RandomState,
}

type Shard = Mutex<HashMap<Key, Arc<Flight>>>;

/// The loads of the keys of one shard, which nobody else changes meanwhile.
pub(crate) type Held<'f> = MutexGuard<'f, HashMap<Key, Arc<Flight>>>;

impl Flights {
    pub(crate) fn new() -> Self {
        let shards = std::iter::repeat_with(Shard::default).take(SHARDS).collect();
        Self { shards, hasher: RandomState::new() }
    }

    /// Joins the load of this key, or starts one unless it has landed meanwhile.
    pub(crate) fn board(
        &self,
        key: &Key,
        scopes: &Scopes,
        tags: &[String],
        has_landed: impl FnOnce() -> bool,
    ) -> Boarding {
        let mut held = self.hold(key);
        match held.entry(key.clone()) {
            Entry::Occupied(flight) if !flight.get().is_look && flight.get().is_good(key) => {
                Boarding::Joined(flight.get().clone())
            }
            // What has landed was kept before its load was gone from here.
            _ if has_landed() => Boarding::Landed,
            entry => {
                let flight = Arc::new(Flight::new(scopes, tags, false));
                entry.insert_entry(flight.clone());
                Boarding::Started(flight)
            }
        }
    }

    /// Begins to look for this key in the store, unless somebody looks or loads.
    pub(crate) fn look(&self, key: &Key, scopes: &Scopes) -> Option<Arc<Flight>> {
        let mut held = self.hold(key);
        let Entry::Vacant(place) = held.entry(key.clone()) else { return None };
        Some(place.insert(Arc::new(Flight::new(scopes, &[], true))).clone())
    }

    /// Ends a load. If nothing has come between since it began, `keep` is called before anything
    /// can.
    pub(crate) fn land(
        &self,
        key: &Key,
        flight: &Arc<Flight>,
        outcome: Outcome,
        keep: impl FnOnce(),
    ) {
        let mut held = self.hold(key);
        if held.get(key).is_some_and(|current| Arc::ptr_eq(current, flight)) {
            held.remove(key);
            if flight.is_good(key) {
                keep();
            }
        }
        drop(held);
        // It lands once.
        let _ = flight.outcome.set(outcome);
        flight.landed.notify_waiters();
    }

    /// Locks what concerns this key.
    pub(crate) fn hold(&self, key: &Key) -> Held<'_> {
        let hash = self.hasher.hash_one(key);
        // Shards are a power of two, and few.
        let place = usize::try_from(hash % SHARDS as u64).unwrap_or_default();
        lock(&self.shards[place])
    }

    /// Lets nothing be kept that is being loaded for keys like these.
    pub(crate) fn fence(&self, concerns: impl Fn(&Key) -> bool) {
        for shard in &self.shards {
            lock(shard).retain(|key, _| !concerns(key));
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }
}

fn lock(shard: &Shard) -> Held<'_> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends a load whatever becomes of it.
#[derive(Debug)]
pub(crate) struct Landing {
    pub(crate) shared: Arc<crate::shared::Shared>,
    pub(crate) key: Key,
    pub(crate) flight: Arc<Flight>,
}

impl Drop for Landing {
    fn drop(&mut self) {
        if !self.flight.has_landed() {
            self.shared.flights.land(&self.key, &self.flight, Outcome::Abandoned, || {});
        }
    }
}
