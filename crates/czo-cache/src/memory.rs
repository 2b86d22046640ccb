//! The first tier: values as they are, in this process.

use std::fmt;

use quick_cache::sync::{Cache as Store, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, Weighter};

use crate::namespace::{Key, KeyRef};
use crate::slot::{Age, Slot};
use crate::timeline::Tick;

/// What an entry weighs beside its value and its key.
const OVERHEAD: u64 = 160;

/// What an entry is taken to weigh where the number of entries is estimated.
const TYPICAL: u64 = 192;

#[derive(Clone, Debug)]
struct ByWeight;

impl Weighter<Key, Slot> for ByWeight {
    fn weight(&self, key: &Key, slot: &Slot) -> u64 {
        u64::from(slot.weight) + OVERHEAD + u64::try_from(key.text.len()).unwrap_or_default()
    }
}

/// How much of what can't be loaded is in memory where nothing else is.
const SPARES: u64 = 4 << 20;

/// The first tier. Nothing is in it when it may have no bytes.
pub(crate) struct Memory {
    store: Option<Store<Key, Slot, ByWeight>>,
    only_spares: bool,
}

impl Memory {
    pub(crate) fn new(bytes: u64) -> Self {
        Self::of(bytes, false)
    }

    /// Keeps what is served because it can't be loaded, and nothing else: a source that fails is to be
    /// left alone for a while, wherever values are.
    pub(crate) fn of_spares() -> Self {
        Self::of(SPARES, true)
    }

    fn of(bytes: u64, only_spares: bool) -> Self {
        let store = (bytes > 0).then(|| {
            let items = usize::try_from((bytes / TYPICAL).clamp(256, 1 << 20)).unwrap_or(256);
            Store::with(
                items,
                bytes,
                ByWeight,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            )
        });
        Self { store, only_spares }
    }

    pub(crate) fn is_off(&self) -> bool {
        self.store.is_none()
    }

    #[inline]
    pub(crate) fn get(&self, key: KeyRef<'_>) -> Option<Slot> {
        self.store.as_ref()?.get(&key)
    }

    pub(crate) fn peek(&self, key: KeyRef<'_>) -> Option<Slot> {
        self.store.as_ref()?.peek(&key)
    }

    /// Keeps a slot, unless a later version is there. One whose time is over is not kept, and what
    /// was there before it is no more. The caller holds the key.
    pub(crate) fn keep(&self, key: &Key, slot: Slot, now: Tick) {
        let Some(store) = &self.store else { return };
        if self.is_outdated(key, slot.version, now) {
            return;
        }
        if self.only_spares || slot.times.age(now) == Age::Dead {
            self.remove(key.by_ref());
        } else {
            store.insert(key.clone(), slot);
        }
    }

    /// Keeps what is served because it can't be loaded. The caller holds the key.
    pub(crate) fn keep_spare(&self, key: &Key, slot: Slot, now: Tick) {
        if let Some(store) = &self.store
            && !self.is_outdated(key, slot.version, now)
        {
            store.insert(key.clone(), slot);
        }
    }

    /// Whether a later version of it is there, or was said to have been invalidated.
    pub(crate) fn is_outdated(&self, key: &Key, version: Option<i64>, now: Tick) -> bool {
        let next = version.and_then(|version| version.checked_add(1));
        next.is_some_and(|next| self.has_from(key, next, now))
    }

    /// The same for this version or a later one.
    pub(crate) fn has_from(&self, key: &Key, version: i64, now: Tick) -> bool {
        let Some(there) = self.peek(key.by_ref()) else { return false };
        // A value that was invalidated says nothing of what is there now.
        let counts = there.is_tombstone() || there.is_good(&key.namespace);
        let is_later = there.version.is_some_and(|there| there >= version);
        counts && is_later && there.times.age(now) != Age::Dead
    }

    /// Forgets what is known of a key, but not which versions are too low.
    pub(crate) fn remove(&self, key: KeyRef<'_>) {
        if let Some(store) = &self.store {
            store.remove_if(&key, |slot| !slot.is_tombstone());
        }
    }

    /// The same for all keys that are meant.
    pub(crate) fn remove_all(&self, concerns: impl Fn(&Key) -> bool) {
        if let Some(store) = &self.store {
            store.retain(|key, slot| slot.is_tombstone() || !concerns(key));
        }
    }

    /// Forgets everything, and which versions are too low.
    pub(crate) fn clear(&self) {
        if let Some(store) = &self.store {
            store.clear();
        }
    }

    pub(crate) fn entries(&self) -> u64 {
        self.store.as_ref().map_or(0, |store| u64::try_from(store.len()).unwrap_or(u64::MAX))
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.store.as_ref().map_or(0, Store::weight)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("entries", &self.entries())
            .field("bytes", &self.bytes())
            .finish()
    }
}
