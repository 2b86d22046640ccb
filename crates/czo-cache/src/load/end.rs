//! What becomes of a load: of one key, or of one of many.

use super::{Failure, Found, Order, slot, spare};
use crate::flight::{Landing, Outcome};
use crate::remote::HeldLease;
use crate::slot::{Age, Slot};
use crate::timeline::Tick;

impl Landing {
    /// Lands what there is, which is kept here.
    pub(super) fn land(&self, slot: &Slot) {
        let Self { shared, key, flight } = self;
        let keep = || shared.memory.keep(key, slot.clone(), shared.timeline.now());
        shared.flights.land(key, flight, Outcome::Found(slot.clone()), keep);
    }

    /// Lands what a load found that began then, and keeps it for all processes under its lease.
    pub(super) async fn arrive(
        &self,
        order: &Order,
        lease: Option<HeldLease>,
        found: Found,
        loaded_at: Tick,
    ) {
        let Self { shared, flight, .. } = self;
        let loads = &shared.stats.loads;
        if found.value.is_some() {
            loads.hits.add()
        } else {
            loads.misses.add()
        }
        let slot = slot(order, shared, &flight.tags, flight.generation, found, loaded_at);
        let is_kept = slot.times.age(shared.timeline.now()) != Age::Dead;
        if is_kept {
            self.land(&slot);
        }
        if let (Some(remote), Some(lease)) = (&shared.remote, lease) {
            let commit = remote.commit(shared, lease, order, &slot);
            match is_kept {
                true => commit.await,
                // Others wait for this, but not for long.
                false => drop(tokio::time::timeout(order.patience(), commit).await),
            }
        }
        if !is_kept {
            // Only now: whoever is told may read again, and is not to find what was there before.
            self.land(&slot);
        }
    }

    /// Lands what is served although the load failed, or else why it did.
    pub(super) fn give_up(&self, order: &Order, stored: Option<Slot>, failure: &Failure) {
        let Self { shared, key, flight } = self;
        let Some(slot) = spare(shared, order, stored) else {
            let outcome = failure.error.clone().map_or(Outcome::Abandoned, Outcome::Failed);
            shared.flights.land(key, flight, outcome, || {});
            return;
        };
        tracing::warn!(
            namespace = key.namespace.path(),
            key = &*key.text,
            error = failure.message,
            "a load failed, and what there was before is served"
        );
        let keep = || shared.memory.keep_spare(key, slot.clone(), shared.timeline.now());
        shared.flights.land(key, flight, Outcome::Found(slot.clone()), keep);
    }
}
