//! Reading from the store.

use std::sync::Arc;

use bytes::Bytes;

use super::{Live, Remote, Took};
use crate::codec::Codec;
use crate::namespace::Key;
use crate::record::{self, Body, Stored};
use crate::scope::{Generation, Scope, tag_scope};
use crate::shared::Shared;
use crate::slot::{Held, Slot, Tags, Times};
use crate::timeline::Tick;

impl Remote {
    /// What the store has for these keys, in their order, if it is asked and answers.
    ///
    /// `generation` is the one at which the caller began: what is invalidated after that is not in
    /// what it gets.
    pub(crate) async fn fetch(
        &self,
        shared: &Shared,
        keys: &[&Key],
        codec: Codec,
        generation: Generation,
    ) -> Vec<Option<Slot>> {
        let nothing = || keys.iter().map(|_| None).collect();
        let Some(live) = self.live() else { return nothing() };
        let _took = Took::new(&shared.stats);
        let names: Vec<_> = keys.iter().map(|key| key.full()).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let answer = live.session.read(&names).await;
        let Some(found) = self.judge(&live, &shared.stats, answer) else { return nothing() };
        let slots: Vec<_> =
            found.into_iter().map(|bytes| self.slot(shared, codec, generation, &bytes?)).collect();
        let scopes: Vec<_> = keys.iter().flat_map(|key| key.namespace.scopes()).collect();
        let tags = slots.iter().flatten().flat_map(|(slot, _)| slot.tags());
        let scopes: Vec<_> = scopes.into_iter().chain(tags).collect();
        if !self.learn(shared, &live, &scopes).await {
            return nothing();
        }
        // What is known of the scopes, and so what is found, is as new as what was last heard.
        let now = shared.timeline.now();
        let Some(since) = self.in_touch_since(now) else { return nothing() };
        let judged = keys.iter().zip(slots).map(|(key, slot)| {
            let is_good = |scope: &Arc<Scope>, at: u64| {
                scope.remote(live.number).is_some_and(|invalidated_at| invalidated_at <= at)
            };
            let good = slot.filter(|(slot, at)| {
                key.namespace.scopes().iter().chain(slot.tags()).all(|scope| is_good(scope, *at))
            });
            match good {
                Some((mut slot, _)) => {
                    slot.times = slot.times.loaded_at_most(since);
                    shared.stats.redis.hits.add();
                    Some(slot)
                }
                None => {
                    shared.stats.redis.misses.add();
                    None
                }
            }
        });
        judged.collect()
    }

    /// The entry that these bytes are, if they are one, and the generation of the store as its load
    /// began.
    fn slot(
        &self,
        shared: &Shared,
        codec: Codec,
        generation: Generation,
        bytes: &Bytes,
    ) -> Option<(Slot, u64)> {
        let Some(stored) = record::read(bytes) else {
            shared.stats.redis.errors.add();
            return None;
        };
        let weight = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let held = match stored.body {
            Body::Tombstone => return None,
            // Another version of this program left it.
            _ if stored.schema != codec.schema() => return None,
            Body::Absent => Held::Absent,
            Body::Value(value) => match codec.decode(value) {
                Some(value) => Held::Value(value),
                None => {
                    shared.stats.redis.errors.add();
                    return None;
                }
            },
        };
        let tags: Tags = stored.tags.iter().map(|tag| shared.scopes.of(&tag_scope(tag))).collect();
        let slot = Slot {
            held,
            tags: (!tags.is_empty()).then(|| Arc::new(tags)),
            generation,
            version: stored.version,
            times: times(&stored, shared.timeline.now()),
            weight,
        };
        Some((slot, stored.generation))
    }

    /// Learns when these scopes were last invalidated; false when the store does not say. From now on
    /// the store knows them: what is loaded later is not taken for older than they are.
    pub(super) async fn learn(
        &self,
        shared: &Shared,
        live: &Arc<Live>,
        scopes: &[&Arc<Scope>],
    ) -> bool {
        let mut unknown: Vec<_> =
            scopes.iter().filter(|scope| scope.remote(live.number).is_none()).collect();
        unknown.sort_unstable_by_key(|scope| scope.name());
        unknown.dedup_by_key(|scope| scope.name());
        if unknown.is_empty() {
            return true;
        }
        let names: Vec<_> = unknown.iter().map(|scope| scope.name()).collect();
        let answer = live.session.generations(&names).await;
        let Some(found) = self.judge(live, &shared.stats, answer) else { return false };
        for (scope, generation) in unknown.iter().zip(found) {
            scope.set_remote(live.number, generation);
            live.saw(generation);
        }
        true
    }

    /// The same for the scopes of keys in one namespace.
    pub(crate) async fn learn_of(
        &self,
        shared: &Shared,
        live: &Arc<Live>,
        key: &Key,
        tags: &[Arc<Scope>],
    ) -> bool {
        let scopes: Vec<_> = key.namespace.scopes().iter().chain(tags).collect();
        self.learn(shared, live, &scopes).await
    }
}

/// When what becomes of it, by the time of this process. It was right just now.
fn times(stored: &Stored<'_>, now: Tick) -> Times {
    let wall = record::wall();
    let tick = |moment| record::from_wall(moment, now, wall);
    Times::new(
        now,
        tick(stored.times.refresh_at),
        tick(stored.times.fresh_until),
        tick(stored.times.stale_until),
        tick(stored.times.kept_until),
    )
}
