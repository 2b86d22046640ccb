//! One load for all processes.

use std::borrow::Borrow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::{Live, Remote};
use crate::flight::Flight;
use crate::load::{Order, Wanted};
use crate::record::{self, Body, Stored, StoredTimes};
use crate::shared::Shared;
use crate::slot::{Age, AnyValue, Held, Slot};
use crate::store::{LeaseReply, Record};

/// How long a lease is held that nobody extends: how long others wait when its holder dies.
const LEASE: Duration = Duration::from_secs(2);

/// The first pause before it is looked again whether others have loaded; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(2);

/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Which entry of the store is as good as a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Whatever can be served.
    Any,
    /// One that need not be loaded again yet.
    Newer,
}

/// What the store says to who wants to load.
#[derive(Debug)]
pub(crate) enum Approach {
    /// It has it.
    Found(Slot),
    Load {
        /// Nothing when it is to be loaded for this process alone.
        lease: Option<HeldLease>,
        /// What the store has that is served when it can't be loaded.
        spare: Option<Slot>,
    },
}

/// The right to load a key for all processes.
#[derive(Debug)]
pub(crate) struct HeldLease {
    live: Arc<Live>,
    key: String,
    token: u64,
    generation: u64,
}

impl Remote {
    /// Finds it in the store, or gets the right to load it.
    pub(crate) async fn approach(
        &self,
        shared: &Shared,
        order: &Order,
        flight: &Flight,
        want: Want,
    ) -> Approach {
        let mut pause = FIRST_PAUSE;
        let mut spare = None;
        let mut held: Option<HeldLease> = None;
        let waiting = async {
            loop {
                let found = self
                    .fetch(shared, &[&order.key], order.codec, flight.generation)
                    .await
                    .pop()
                    .flatten();
                let helps = |slot: &Slot| {
                    order.wanted == Wanted::Answer || matches!(slot.held, Held::Value(_))
                };
                if let Some(slot) = found
                    && helps(&slot)
                {
                    let age = slot.times.age(shared.timeline.now());
                    match (want, age) {
                        (_, Age::Fresh) | (Want::Any, Age::Ripe | Age::Stale) => {
                            if let Some(lease) = held.take() {
                                self.release(shared, lease).await;
                            }
                            return Ok(slot);
                        }
                        (_, Age::Dead) => {}
                        _ => spare = matches!(slot.held, Held::Value(_)).then_some(slot),
                    }
                }
                if held.is_some() {
                    return Err(held.take());
                }
                let Some(live) = self.live() else { return Err(None) };
                if !self.learn_of(shared, &live, &order.key, &flight.tags).await {
                    return Err(None);
                }
                let key = order.key.full();
                let answer = live.session.lease(&key, LEASE).await;
                match self.judge(&live, &shared.stats, answer) {
                    None => return Err(None),
                    Some(LeaseReply::Granted { token, generation, is_there }) => {
                        let lease = HeldLease { live, key, token, generation };
                        if !is_there {
                            return Err(Some(lease));
                        }
                        // Somebody may have loaded it since it was looked for.
                        held = Some(lease);
                        continue;
                    }
                    Some(LeaseReply::Held) => {}
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        };
        // Whoever has the lease may be slower than anybody here wants to wait.
        let waited = tokio::time::timeout(order.patience(), waiting).await;
        match waited {
            Ok(Ok(slot)) => Approach::Found(slot),
            Ok(Err(lease)) => Approach::Load { lease, spare },
            Err(_) => Approach::Load { lease: held, spare },
        }
    }

    /// Gets the right to load keys of one namespace, with the same tags, for all processes. It does
    /// not wait for those that others have.
    pub(crate) async fn lease_at_once(
        &self,
        shared: &Shared,
        orders: &[(&Order, &Flight)],
    ) -> Vec<Option<HeldLease>> {
        let none = || orders.iter().map(|_| None).collect();
        let (Some(live), Some((order, flight))) = (self.live(), orders.first()) else {
            return none();
        };
        if !self.learn_of(shared, &live, &order.key, &flight.tags).await {
            return none();
        }
        let lease = async |order: &Order| {
            let key = order.key.full();
            let answer = live.session.lease(&key, LEASE).await;
            match self.judge(&live, &shared.stats, answer)? {
                LeaseReply::Granted { token, generation, .. } => {
                    Some(HeldLease { live: live.clone(), key, token, generation })
                }
                LeaseReply::Held => None,
            }
        };
        join_all(orders.iter().map(|(order, _)| lease(order))).await
    }

    /// Lets a load go on, and keeps its leases meanwhile.
    pub(crate) async fn hold<T>(
        &self,
        leases: &[impl Borrow<HeldLease>],
        load: impl Future<Output = T>,
    ) -> T {
        if leases.is_empty() {
            return load.await;
        }
        let extend = async {
            loop {
                tokio::time::sleep(LEASE / 3).await;
                // If one is lost, the load goes on for this process alone.
                join_all(leases.iter().map(|lease| {
                    let HeldLease { live, key, token, .. } = lease.borrow();
                    live.session.extend(key, *token, LEASE)
                }))
                .await;
            }
        };
        tokio::select! {
            biased;
            loaded = load => loaded,
            () = extend => unreachable!("it never ends"),
        }
    }

    /// Keeps what was loaded for all processes, if it may be.
    pub(crate) async fn commit(
        &self,
        shared: &Shared,
        lease: HeldLease,
        order: &Order,
        slot: &Slot,
    ) {
        let HeldLease { live, key, token, generation } = lease;
        // The tags that only the load knew.
        self.learn_of(shared, &live, &order.key, slot.tags()).await;
        let record = self.record(shared, order, slot, generation);
        let answer = live.session.commit(&key, token, record).await;
        if self.judge(&live, &shared.stats, answer) == Some(false) {
            // Something else is there, or is to be: a later version, perhaps.
            shared.forget(&order.key);
        }
    }

    pub(crate) async fn release(&self, shared: &Shared, lease: HeldLease) {
        let HeldLease { live, key, token, .. } = lease;
        let answer = live.session.release(&key, token).await;
        self.judge(&live, &shared.stats, answer);
    }

    /// What the store keeps of a slot. Nothing takes the place of what is there when the slot is too
    /// large or of no use.
    pub(crate) fn record(
        &self,
        shared: &Shared,
        order: &Order,
        slot: &Slot,
        generation: u64,
    ) -> Record {
        let (now, wall) = (shared.timeline.now(), record::wall());
        let keep_for = Duration::from_millis(slot.times.kept_until().saturating_sub(now));
        let value = match &slot.held {
            Held::Value(value) => self.encode(order, value),
            Held::Absent | Held::Tombstone => Some(Vec::new()),
        };
        let Some(value) = value.filter(|_| !keep_for.is_zero()) else {
            return Record::nothing(slot.version);
        };
        let moment = |tick| record::to_wall(tick, now, wall);
        let stored = Stored {
            version: slot.version,
            schema: order.codec.schema(),
            generation,
            times: StoredTimes {
                refresh_at: moment(slot.times.refresh_at()),
                fresh_until: moment(slot.times.fresh_until()),
                stale_until: moment(slot.times.stale_until()),
                kept_until: moment(slot.times.kept_until()),
            },
            tags: slot.tags().iter().filter_map(|tag| tag.name().strip_prefix("tag:")).collect(),
            body: match &slot.held {
                Held::Value(_) => Body::Value(&value),
                Held::Absent | Held::Tombstone => Body::Absent,
            },
        };
        match stored.write() {
            Some(bytes) => Record::new(bytes, keep_for, slot.version),
            None => Record::nothing(slot.version),
        }
    }

    /// The JSON of a value, unless it is too large or has none.
    fn encode(&self, order: &Order, value: &AnyValue) -> Option<Vec<u8>> {
        order.codec.encode(value).filter(|bytes| bytes.len() <= self.options.largest_value)
    }
}
