//! The cache as its users see it.

mod inspect;
mod many;
mod read;
mod write;

use std::error::Error;
use std::sync::Arc;

use serde::Serialize;

pub use self::inspect::{Content, FoundIn, Inspected};
use self::read::{Look, erased};
use crate::codec::Cached;
use crate::entry_options::EntryOptions;
use crate::error::{LoadError, NameError};
use crate::load::Wanted;
use crate::loaded::Loaded;
use crate::namespace::Namespace;
use crate::options::{CacheOptions, SharedOptions};
use crate::remote::{self, Remote};
use crate::shared::Shared;
use crate::stats::TierStats;
use crate::store::Store;

/// A cache. Clones are the same cache.
///
/// **A read that begins after an invalidation has returned never sees what was loaded before it**,
/// however long that load takes, and whether a key, a tag, a namespace or everything was
/// invalidated. That is the promise that other caches break: they let a load that is under way put
/// an old value back.
///
/// **One load.** However many ask for a key at once, it is loaded once, and all get what it found,
/// or its error. A load is a task of its own: it goes on, and what it finds is kept, when its
/// callers go away. A load that asks for its own key waits for itself until it is dropped.
///
/// **Values** are shared, not copied: an `Arc` of what was loaded. A key that holds a value of
/// another type holds nothing.
///
/// Its methods need a tokio runtime. Dropping their futures is safe at any time; an invalidation may
/// then have happened or not.
#[derive(Clone, Debug)]
pub struct Cache {
    shared: Arc<Shared>,
    namespace: Arc<Namespace>,
}

impl Cache {
    /// A cache in the memory of this process. With no [`memory_bytes`](CacheOptions::memory_bytes) it
    /// is [`off`](Self::off).
    ///
    /// What other processes write it does not hear of: where there are any,
    /// [`max_age`](CacheOptions::max_age) is for how long that may not show.
    #[must_use]
    pub fn memory(options: &CacheOptions) -> Self {
        Self::of(Shared::new(options, None))
    }

    /// A cache that several processes share, with memory in front of it. With no
    /// [`memory_bytes`](CacheOptions::memory_bytes) it is the shared one alone.
    ///
    /// It works before the store answers, and whenever it does not: each process by itself then.
    pub fn shared(options: &CacheOptions, shared: SharedOptions, store: Arc<dyn Store>) -> Self {
        let shared = Shared::new(options, Some(Remote::new(store, shared)));
        tokio::spawn(remote::keep_linked(Arc::downgrade(&shared)));
        Self::of(shared)
    }

    /// A cache that keeps nothing: every read loads for itself, and waits for no other.
    #[must_use]
    pub fn off() -> Self {
        Self::memory(&CacheOptions::default().memory_bytes(0))
    }

    /// Whether it keeps nothing: who would read several entries for one answer reads past it then.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.shared.remote.is_none() && self.shared.memory.is_off()
    }

    fn of(shared: Arc<Shared>) -> Self {
        let namespace = shared.namespaces.root(&shared.scopes);
        Self { shared, namespace }
    }

    /// A part of this cache with keys of its own. What is invalidated here is invalidated there.
    ///
    /// # Errors
    ///
    /// [`NameError`] unless the name has 1 to 100 letters, digits, dots, dashes and underscores.
    pub fn namespace(&self, name: &str) -> Result<Self, NameError> {
        let Shared { namespaces, scopes, .. } = &*self.shared;
        let namespace = namespaces.within(&self.namespace, name, scopes)?;
        Ok(Self { shared: self.shared.clone(), namespace })
    }

    /// The value of this key, if there is one that is fresh or stale. It loads nothing.
    pub async fn get<T: Cached>(&self, key: &str) -> Option<Arc<T>> {
        match self.look(key) {
            Look::Serve(value) | Look::ServeAndLoad(value) => value,
            Look::Spare(_) | Look::Nothing => Box::pin(self.fetch_one(key)).await,
        }
    }

    /// Whether there is a value of this type for this key.
    pub async fn has<T: Cached>(&self, key: &str) -> bool {
        self.get::<T>(key).await.is_some()
    }

    /// The values of these keys, in their order.
    pub async fn get_many<T: Cached>(&self, keys: &[&str]) -> Vec<Option<Arc<T>>> {
        let mut values = Vec::with_capacity(keys.len());
        let mut missing = Vec::new();
        for (place, key) in keys.iter().enumerate() {
            values.push(match self.look(key) {
                Look::Serve(value) | Look::ServeAndLoad(value) => value,
                Look::Spare(_) | Look::Nothing => {
                    missing.push((place, *key));
                    None
                }
            });
        }
        if self.shared.remote.is_some() && !missing.is_empty() {
            let names: Vec<_> = missing.iter().map(|(_, key)| *key).collect();
            let found = Box::pin(self.fetch(&names)).await;
            for ((place, _), value) in missing.into_iter().zip(found) {
                values[place] = value;
            }
        }
        values
    }

    /// The value of this key, which is loaded if there is none: by one caller, for all.
    ///
    /// ```
    /// # use std::{io, time::Duration};
    /// # use czo_cache::{Cache, CacheOptions, EntryOptions, LoadError};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), LoadError<io::Error>> {
    /// let cache = Cache::memory(&CacheOptions::default());
    /// let minute = EntryOptions::ttl(Duration::from_secs(60));
    /// let greeting = cache.get_or_set("greeting", &minute, async || {
    ///     Ok::<_, io::Error>("good morning".to_owned()) // from a database
    /// });
    /// assert_eq!(*greeting.await?, "good morning");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The load's own, or that it took too long; only if there is nothing to serve instead.
    pub async fn get_or_set<T, E, L, F>(
        &self,
        key: &str,
        options: &EntryOptions,
        load: L,
    ) -> Result<Arc<T>, LoadError<E>>
    where
        T: Cached,
        E: Error + Send + Sync + 'static,
        L: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let load = || async move { Ok(Loaded::found(load().await?)) };
        // That there was nothing is no answer here, so there is a value.
        self.read(key, options, load, Wanted::Value).await?.ok_or(LoadError::Abandoned)
    }

    /// The same for what may not be there, which is remembered too, for
    /// [`absent_for`](EntryOptions::absent_for).
    ///
    /// # Errors
    ///
    /// As [`get_or_set`](Self::get_or_set).
    pub async fn get_or_find<T, E, L, F>(
        &self,
        key: &str,
        options: &EntryOptions,
        load: L,
    ) -> Result<Option<Arc<T>>, LoadError<E>>
    where
        T: Cached,
        E: Error + Send + Sync + 'static,
        L: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<Option<T>, E>> + Send + 'static,
    {
        self.get_or_load(key, options, || async move { Ok(Loaded::of(load().await?)) }).await
    }

    /// The same with a load that knows how long its result is good, its version, or its tags.
    ///
    /// # Errors
    ///
    /// As [`get_or_set`](Self::get_or_set).
    pub async fn get_or_load<T, E, L, F>(
        &self,
        key: &str,
        options: &EntryOptions,
        load: L,
    ) -> Result<Option<Arc<T>>, LoadError<E>>
    where
        T: Cached,
        E: Error + Send + Sync + 'static,
        L: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<Loaded<T>, E>> + Send + 'static,
    {
        self.read(key, options, load, Wanted::Answer).await
    }

    #[inline]
    async fn read<T, E, L, F>(
        &self,
        key: &str,
        options: &EntryOptions,
        load: L,
        wanted: Wanted,
    ) -> Result<Option<Arc<T>>, LoadError<E>>
    where
        T: Cached,
        E: Error + Send + Sync + 'static,
        L: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<Loaded<T>, E>> + Send + 'static,
    {
        let spare = match self.look(key) {
            Look::Serve(None) | Look::ServeAndLoad(None) if wanted == Wanted::Value => None,
            Look::Serve(value) => return Ok(value),
            Look::ServeAndLoad(value) => {
                self.refresh::<T>(key, options, || erased(load), wanted);
                return Ok(value);
            }
            Look::Spare(value) => Some(value),
            Look::Nothing => None,
        };
        Box::pin(self.load(key, options, erased(load), spare, wanted)).await
    }

    /// Whether what others invalidate arrives here. A cache in memory has no others.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.shared.remote.as_deref().is_none_or(|remote| remote.live().is_some())
    }

    /// What is in it, and how often it had what was asked for.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        let (memory, redis, loads) = self.shared.stats.snapshot();
        CacheStats {
            entries: self.shared.memory.entries(),
            bytes: self.shared.memory.bytes(),
            loading: self.shared.flights.count(),
            memory,
            redis,
            loads,
        }
    }
}

/// What is in a cache, and how often it had what was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CacheStats {
    /// How many entries are in memory, those that are no good any more included.
    pub entries: u64,
    /// How many bytes they have, about.
    pub bytes: u64,
    /// How many keys are being loaded, or looked for in the store.
    pub loading: usize,
    /// The memory of this process.
    pub memory: TierStats,
    /// What all processes share.
    pub redis: TierStats,
    /// Loads: `hits` found something, `misses` nothing, `errors` failed.
    pub loads: TierStats,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_off_when_it_has_no_place_to_keep_anything() {
        assert!(Cache::off().is_off());
        assert!(!Cache::memory(&CacheOptions::default()).is_off());
    }
}
