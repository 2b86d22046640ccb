//! Looking at what the store has, for people.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Remote;
use crate::cache::{Content, FoundIn, Inspected};
use crate::namespace::Key;
use crate::record::{self, Body};
use crate::scope::{Scope, tag_scope};
use crate::shared::Shared;

impl Remote {
    /// Whether there is something that the store was not told yet.
    pub(crate) fn has_pending(&self) -> bool {
        // In this order: what fails is noted before it is no longer on its way.
        self.telling.load(Ordering::Acquire) > 0 || !self.pending.if_empty(|| {})
    }

    /// What the store has for a key, of whatever type, if it is asked and answers.
    pub(crate) async fn inspect(&self, shared: &Shared, key: &Key) -> Option<Inspected> {
        let live = self.live()?;
        let answer = live.session.read(&[&key.full()]).await;
        let bytes = self.judge(&live, &shared.stats, answer)?.pop().flatten()?;
        let stored = record::read(&bytes)?;
        let content = match stored.body {
            Body::Tombstone => return None,
            Body::Absent => Content::Absent,
            Body::Value(json) => {
                serde_json::from_slice(json).map_or(Content::Unreadable, Content::Value)
            }
        };
        let tags: Vec<_> =
            stored.tags.iter().map(|tag| shared.scopes.of(&tag_scope(tag))).collect();
        if !self.learn_of(shared, &live, key, &tags).await {
            return None;
        }
        let is_good = |scope: &Arc<Scope>| {
            scope.remote(live.number).is_some_and(|at| at <= stored.generation)
        };
        let now = record::wall();
        let left = |until: u64| Duration::from_millis(until.saturating_sub(now));
        let is_there = stored.times.kept_until > now
            && key.namespace.scopes().iter().chain(&tags).all(is_good);
        is_there.then(|| Inspected {
            content,
            found_in: FoundIn::Store,
            version: stored.version,
            tags: stored.tags.iter().map(|tag| (*tag).to_owned()).collect(),
            age: None,
            fresh_for: left(stored.times.fresh_until),
            served_for: left(stored.times.stale_until),
            kept_for: left(stored.times.kept_until),
        })
    }
}
