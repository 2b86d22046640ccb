//! Looking in memory and in the store, loading, and waiting for who loads.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Cache;
use crate::codec::{Cached, Codec};
use crate::entry_options::EntryOptions;
use crate::error::LoadError;
use crate::flight::{Boarding, Flight, Landing, Outcome};
use crate::load::{self, Failure, Found, Load, Order, Wanted};
use crate::loaded::Loaded;
use crate::namespace::{Key, KeyRef};
use crate::remote::Want;
use crate::shared::Shared;
use crate::slot::{Age, Held, Slot};

/// What memory has for a key.
pub(super) enum Look<T> {
    /// It is served as it is.
    Serve(Option<Arc<T>>),
    /// It is served, and loaded again meanwhile.
    ServeAndLoad(Option<Arc<T>>),
    /// It is served when it can't be loaded.
    Spare(Arc<T>),
    Nothing,
}

impl Cache {
    // It is all that a hit does: to call it costs a fifth of that.
    #[inline(always)]
    pub(super) fn look<T: Cached>(&self, key: &str) -> Look<T> {
        let shared = &*self.shared;
        let key = KeyRef::new(&self.namespace, key);
        let Some(slot) = shared.memory.get(key) else { return self.missed() };
        if !slot.is_good(&self.namespace) {
            return self.missed();
        }
        let now = shared.timeline.now();
        if let Some(remote) = &shared.remote
            && !remote.believes(slot.times.loaded_at(), now)
        {
            return self.missed();
        }
        let age = slot.times.age(now);
        let value = match slot.held {
            Held::Value(value) => match value.downcast::<T>() {
                Ok(value) => Some(value),
                Err(_) => return self.missed(),
            },
            Held::Absent => None,
            Held::Tombstone => return self.missed(),
        };
        match (age, value) {
            (Age::Fresh, value) => {
                if shared.stats.hit() {
                    self.time(key);
                }
                Look::Serve(value)
            }
            (Age::Ripe, value) => {
                shared.stats.hit();
                Look::ServeAndLoad(value)
            }
            (Age::Stale, value) => {
                shared.stats.memory.stale.add();
                Look::ServeAndLoad(value)
            }
            (Age::Spare, Some(value)) => {
                shared.stats.memory.misses.add();
                Look::Spare(value)
            }
            (Age::Spare | Age::Dead, _) => self.missed(),
        }
    }

    /// How old what memory has for a key is, if it may be served to who wants this type.
    pub(super) fn age<T: Cached>(&self, key: &str, wanted: Wanted) -> Option<Age> {
        let slot = self.shared.memory.peek(KeyRef::new(&self.namespace, key))?;
        let now = self.shared.timeline.now();
        let is_believed = match &self.shared.remote {
            Some(remote) => remote.believes(slot.times.loaded_at(), now),
            None => true,
        };
        let is_of_type = match &slot.held {
            Held::Value(value) => value.is::<T>(),
            Held::Absent => wanted == Wanted::Answer,
            Held::Tombstone => false,
        };
        let is_good = is_believed && is_of_type && slot.is_good(&self.namespace);
        is_good.then(|| slot.times.age(now))
    }

    #[cold]
    fn missed<T>(&self) -> Look<T> {
        self.shared.stats.memory.misses.add();
        Look::Nothing
    }

    /// Looks once more, by the clock: to read it for every hit would cost as much as the hit.
    #[cold]
    fn time(&self, key: KeyRef<'_>) {
        let began = Instant::now();
        let _ = std::hint::black_box(self.shared.memory.get(key));
        self.shared.stats.memory.latency.record(began.elapsed());
    }

    pub(super) fn order<T: Cached>(
        &self,
        key: &str,
        options: &EntryOptions,
        want: Want,
        wanted: Wanted,
    ) -> Order {
        let key = Key::new(&self.namespace, key);
        Order { key, options: options.clone(), codec: Codec::of::<T>(), want, wanted }
    }

    /// What the store has for a key, which memory then has too.
    #[cold]
    pub(super) async fn fetch_one<T: Cached>(&self, key: &str) -> Option<Arc<T>> {
        self.fetch(&[key]).await.pop().flatten()
    }

    /// What the store has for these keys, which memory then has too.
    pub(super) async fn fetch<T: Cached>(&self, keys: &[&str]) -> Vec<Option<Arc<T>>> {
        let shared = &self.shared;
        let Some(remote) = &shared.remote else { return vec![None; keys.len()] };
        // Before anything is read: what is invalidated from now on is not kept.
        let generation = shared.scopes.generation();
        let keys: Vec<_> = keys.iter().map(|key| Key::new(&self.namespace, key)).collect();
        let landings: Vec<_> = keys
            .iter()
            .map(|key| {
                let flight = shared.flights.look(key, &shared.scopes)?;
                Some(Landing { shared: shared.clone(), key: key.clone(), flight })
            })
            .collect();
        let names: Vec<_> = keys.iter().collect();
        let fetched = remote.fetch(shared, &names, Codec::of::<T>(), generation).await;
        let now = shared.timeline.now();
        let mut values = Vec::with_capacity(keys.len());
        for (landing, fetched) in landings.into_iter().zip(fetched) {
            let Some(slot) = fetched else {
                values.push(None);
                continue;
            };
            if let Some(Landing { key, flight, .. }) = &landing {
                let keep = || shared.memory.keep(key, slot.clone(), now);
                shared.flights.land(key, flight, Outcome::Found(slot.clone()), keep);
            }
            let is_served = matches!(slot.times.age(now), Age::Fresh | Age::Ripe | Age::Stale);
            values.push(match slot.held {
                Held::Value(value) if is_served => value.downcast::<T>().ok(),
                _ => None,
            });
        }
        values
    }

    /// Loads a key again, unless somebody does.
    #[cold]
    pub(super) fn refresh<T: Cached>(
        &self,
        key: &str,
        options: &EntryOptions,
        load: impl FnOnce() -> Load,
        wanted: Wanted,
    ) {
        let order = self.order::<T>(key, options, Want::Newer, wanted);
        let Shared { flights, scopes, .. } = &*self.shared;
        let has_landed = || matches!(self.age::<T>(key, wanted), Some(Age::Fresh));
        if let Boarding::Started(flight) =
            flights.board(&order.key, scopes, &options.tags, has_landed)
        {
            load::take_off(&self.shared, order, flight, load());
        }
    }

    /// Loads a key, or waits for who does.
    pub(super) async fn load<T: Cached, E: Error + Send + Sync + 'static>(
        &self,
        key: &str,
        options: &EntryOptions,
        load: Load,
        mut spare: Option<Arc<T>>,
        wanted: Wanted,
    ) -> Result<Option<Arc<T>>, LoadError<E>> {
        let Shared { flights, scopes, .. } = &*self.shared;
        let began = tokio::time::Instant::now();
        let hard = options.hard_timeout;
        let limit = if spare.is_some() { options.soft_timeout.min(hard) } else { hard };
        let mut load = Some(load);
        let key = Key::new(&self.namespace, key);
        for _ in 0..self.shared.joins {
            if load.is_none() {
                // A load that was begun and is not taken off would be waited for in vain.
                break;
            }
            let age = || self.age::<T>(&key.text, wanted);
            let has_landed = || matches!(age(), Some(Age::Fresh | Age::Ripe));
            let (flight, is_mine) = match flights.board(&key, scopes, &options.tags, has_landed) {
                Boarding::Landed => match self.look(&key.text) {
                    Look::Serve(None) | Look::ServeAndLoad(None) if wanted == Wanted::Value => {
                        continue;
                    }
                    Look::Serve(value) | Look::ServeAndLoad(value) => return Ok(value),
                    Look::Spare(_) | Look::Nothing => continue,
                },
                Boarding::Joined(flight) => (flight, false),
                Boarding::Started(flight) => {
                    let order = self.order::<T>(&key.text, options, Want::Any, wanted);
                    let Some(load) = load.take() else { return Err(LoadError::Abandoned) };
                    load::take_off(&self.shared, order, flight.clone(), load);
                    (flight, true)
                }
            };
            // It waits no longer for several loads than for one.
            let left = limit.saturating_sub(began.elapsed());
            let waited = self.wait(&flight, options.soft_timeout, left, &mut spare).await;
            let outcome = match (waited, &spare) {
                (Some(outcome), _) => outcome,
                (None, Some(spare)) => {
                    self.take_spare::<T>(&key, options, &flight);
                    return Ok(Some(spare.clone()));
                }
                (None, None) => return Err(LoadError::TimedOut(hard)),
            };
            match outcome {
                Outcome::Found(slot) if is_mine || slot.is_good(&self.namespace) => {
                    match slot.held {
                        Held::Absent | Held::Tombstone if wanted == Wanted::Answer => {
                            return Ok(None);
                        }
                        // Somebody else has looked whether it is there.
                        Held::Absent | Held::Tombstone => {}
                        Held::Value(value) => {
                            // Somebody else may have another type of value under this key.
                            if let Ok(value) = value.downcast::<T>() {
                                return Ok(Some(value));
                            }
                        }
                    }
                }
                // It has a tag, as it turned out, that was invalidated after it began.
                Outcome::Found(_) => {}
                Outcome::Failed(error) => {
                    if let Ok(error) = error.downcast::<E>() {
                        return Err(LoadError::Failed(error));
                    }
                }
                Outcome::Abandoned => return Err(LoadError::Abandoned),
            }
        }
        // For itself alone then, and nothing is kept.
        let Some(load) = load else { return Err(LoadError::Abandoned) };
        let limit = limit.saturating_sub(began.elapsed());
        match (tokio::time::timeout(limit, load).await, spare) {
            (Ok(Ok(found)), _) => Ok(found.value.and_then(|value| value.downcast::<T>().ok())),
            (_, Some(spare)) => Ok(Some(spare)),
            (Err(_), None) => Err(LoadError::TimedOut(hard)),
            (Ok(Err(failure)), None) => {
                let error = failure.error.and_then(|error| error.downcast::<E>().ok());
                Err(error.map_or(LoadError::Abandoned, LoadError::Failed))
            }
        }
    }

    /// What comes of a load within this time. Without anything spare, it is looked whether the store
    /// has something when the load has taken long.
    async fn wait<T: Cached>(
        &self,
        flight: &Flight,
        soft: Duration,
        left: Duration,
        spare: &mut Option<Arc<T>>,
    ) -> Option<Outcome> {
        let soft = if spare.is_none() { soft.min(left) } else { left };
        if let Ok(outcome) = tokio::time::timeout(soft, flight.outcome()).await {
            return Some(outcome);
        }
        if spare.is_none()
            && let Some(Slot { held: Held::Value(value), .. }) =
                flight.spare.get().filter(|stored| stored.is_good(&self.namespace))
        {
            *spare = value.clone().downcast::<T>().ok();
        }
        match spare {
            Some(_) => None,
            None => tokio::time::timeout(left - soft, flight.outcome()).await.ok(),
        }
    }

    /// Lets others not wait for a load that takes too long.
    pub(super) fn take_spare<T: Cached>(
        &self,
        key: &Key,
        options: &EntryOptions,
        flight: &Arc<Flight>,
    ) {
        self.shared.stats.memory.stale.add();
        let held = self.shared.flights.hold(key);
        if held.get(key).is_some_and(|current| Arc::ptr_eq(current, flight)) {
            let order = self.order::<T>(&key.text, options, Want::Any, Wanted::Value);
            let stored = flight.spare.get().cloned();
            if let Some(slot) = load::spare(&self.shared, &order, stored) {
                self.shared.memory.keep_spare(key, slot, self.shared.timeline.now());
            }
        }
    }
}

/// A load of a type that the cache does not know.
pub(super) fn erased<T, E, L, F>(load: L) -> Load
where
    T: Cached,
    E: Error + Send + Sync + 'static,
    L: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<Loaded<T>, E>> + Send + 'static,
{
    Box::pin(async move {
        match load().await {
            Ok(loaded) => Ok(loaded.into()),
            Err(error) => {
                let message = czo_core::describe(&error);
                Err(Failure { error: Some(Arc::new(error)), message })
            }
        }
    })
}

impl<T: Cached> From<Loaded<T>> for Found {
    fn from(loaded: Loaded<T>) -> Self {
        let Loaded { value, fresh_for, version, tags } = loaded;
        Self { value: value.map(|value| Arc::new(value) as _), fresh_for, version, tags }
    }
}
