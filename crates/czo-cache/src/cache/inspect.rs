//! Looking at what is kept for a key, for people: no type has to be named.

use std::time::Duration;

use serde_json::Value;

use super::Cache;
use crate::namespace::{Key, KeyRef};
use crate::slot::{Age, Held, Slot};
use crate::timeline::Tick;

/// What is kept for a key, as [`Cache::inspect`] shows it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Inspected {
    /// What is kept.
    pub content: Content,
    /// Where it was found first.
    pub found_in: FoundIn,
    /// The version of its row, if it has one.
    pub version: Option<i64>,
    /// The tags by which it is invalidated.
    pub tags: Vec<String>,
    /// How long ago this process loaded it, or read it from the store. The store does not say it.
    pub age: Option<Duration>,
    /// How much longer it is fresh; zero when it is not.
    pub fresh_for: Duration,
    /// How much longer it is served, fresh or while it is loaded again; zero when it is not.
    pub served_for: Duration,
    /// How much longer it is kept, for when it can't be loaded.
    pub kept_for: Duration,
}

/// What is kept of a value.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// The value, as JSON.
    Value(Value),
    /// It is known that there is none.
    Absent,
    /// A value that has no form in JSON, or whose bytes can't be read.
    Unreadable,
}

/// Where something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FoundIn {
    /// The memory of this process.
    Memory,
    /// What the processes share.
    Store,
}

impl Cache {
    /// What is kept for this key, whatever its type: in memory, or else in the store. It loads
    /// nothing, keeps nothing and counts as no read.
    ///
    /// What is in the store alone is shown also when another version of the program left it there,
    /// whose shape of the value is not that of this one; a read does not take that for an entry.
    pub async fn inspect(&self, key: &str) -> Option<Inspected> {
        if let Some(found) = self.in_memory(key) {
            return Some(found);
        }
        let remote = self.shared.remote.as_ref()?;
        remote.inspect(&self.shared, &Key::new(&self.namespace, key)).await
    }

    /// Whether all that was invalidated here is known to the others. A process that ends before that
    /// leaves them with what they have; see [`is_linked`](Self::is_linked).
    #[must_use]
    pub fn has_told_all(&self) -> bool {
        self.shared.remote.as_deref().is_none_or(|remote| !remote.has_pending())
    }

    fn in_memory(&self, key: &str) -> Option<Inspected> {
        let slot = self.shared.memory.peek(KeyRef::new(&self.namespace, key))?;
        let now = self.shared.timeline.now();
        let is_believed = match &self.shared.remote {
            Some(remote) => remote.believes(slot.times.loaded_at(), now),
            None => true,
        };
        let is_there = is_believed
            && slot.is_good(&self.namespace)
            && slot.times.age(now) != Age::Dead
            && !slot.is_tombstone();
        is_there.then(|| shown(&slot, now))
    }
}

fn shown(slot: &Slot, now: Tick) -> Inspected {
    let left = |until: Tick| Duration::from_millis(until.saturating_sub(now));
    let content = match &slot.held {
        Held::Value(value) => (**value).json().map_or(Content::Unreadable, Content::Value),
        Held::Absent | Held::Tombstone => Content::Absent,
    };
    let name = |scope: &str| scope.strip_prefix("tag:").unwrap_or(scope).to_owned();
    Inspected {
        content,
        found_in: FoundIn::Memory,
        version: slot.version,
        tags: slot.tags().iter().map(|scope| name(scope.name())).collect(),
        age: Some(Duration::from_millis(now.saturating_sub(slot.times.loaded_at()))),
        fresh_for: left(slot.times.fresh_until()),
        served_for: left(slot.times.stale_until()),
        kept_for: left(slot.times.kept_until()),
    }
}
