//! One load of many keys, from its start to what becomes of what it found.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use tracing::Instrument;

use super::{Failure, Found, Order, run};
use crate::flight::Landing;
use crate::remote::{HeldLease, Want};
use crate::shared::Shared;
use crate::slot::{Age, Held, Slot};

/// A load of many keys that is under way.
pub(crate) type LoadingMany = Pin<Box<dyn Future<Output = Result<Vec<Found>, Failure>> + Send>>;

/// Loads keys, of a type that the cache does not know.
pub(crate) type LoadMany = Arc<dyn Fn(Vec<String>) -> LoadingMany + Send + Sync>;

/// A key that is loaded together with others.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) order: Order,
    pub(crate) landing: Landing,
}

/// What is known of a key when it is loaded.
struct Open {
    seat: Seat,
    /// What the store has that is served when it can't be loaded.
    spare: Option<Slot>,
    /// Nothing when it is loaded for this process alone.
    lease: Option<HeldLease>,
}

/// Starts one load for all of these, of one namespace and with the same options, in a task of its
/// own: it goes on when nobody waits any more.
pub(crate) fn take_off(shared: &Arc<Shared>, seats: Vec<Seat>, load: LoadMany) {
    if seats.is_empty() {
        return;
    }
    let shared = shared.clone();
    let flying = async move { fly(&shared, seats, load).await };
    tokio::spawn(flying.instrument(tracing::Span::current()));
}

async fn fly(shared: &Shared, seats: Vec<Seat>, load: LoadMany) {
    let open = ask_store(shared, seats).await;
    let Some(first) = open.first() else { return };
    let keys = open.iter().map(|open| open.seat.order.key.text.to_string()).collect();
    let (began, loaded_at) = (Instant::now(), shared.timeline.now());
    let loading = async {
        let found = load(keys).await?;
        match found.len() == open.len() {
            true => Ok(found),
            false => {
                let message = format!("{} values for {} keys", found.len(), open.len());
                tracing::error!(message, "a load of many is no answer");
                Err(Failure { error: None, message })
            }
        }
    };
    let loading = run(&first.seat.order, loading);
    let loaded = match &shared.remote {
        Some(remote) => {
            let leases: Vec<_> = open.iter().filter_map(|open| open.lease.as_ref()).collect();
            remote.hold(&leases, loading).await
        }
        None => loading.await,
    };
    shared.stats.loads.latency.record(began.elapsed());
    let found = match loaded {
        Ok(found) => found,
        Err(failure) => return fail(shared, open, failure).await,
    };
    let arrive = async |(Open { seat, lease, .. }, found)| {
        seat.landing.arrive(&seat.order, lease, found, loaded_at).await;
    };
    join_all(open.into_iter().zip(found).map(arrive)).await;
}

/// Lands what the store has. The rest is to be loaded.
async fn ask_store(shared: &Shared, seats: Vec<Seat>) -> Vec<Open> {
    let open = |seat, spare| Open { seat, spare, lease: None };
    let (Some(remote), Some(first)) = (&shared.remote, seats.first()) else {
        return seats.into_iter().map(|seat| open(seat, None)).collect();
    };
    let codec = first.order.codec;
    let oldest = seats.iter().map(|seat| seat.landing.flight.generation).min();
    let keys: Vec<_> = seats.iter().map(|seat| &seat.order.key).collect();
    // No load waits for the store for longer than for another load.
    let limit = first.order.patience();
    let fetching = remote.fetch(shared, &keys, codec, oldest.unwrap_or_default());
    let fetched = tokio::time::timeout(limit, fetching).await.unwrap_or_default();
    let fetched = fetched.into_iter().chain(std::iter::repeat_with(|| None));
    let mut missing = Vec::new();
    for (seat, fetched) in seats.into_iter().zip(fetched) {
        let Some(slot) = fetched else {
            missing.push(open(seat, None));
            continue;
        };
        match (seat.order.want, slot.times.age(shared.timeline.now())) {
            (_, Age::Fresh) | (Want::Any, Age::Ripe | Age::Stale) => seat.landing.land(&slot),
            (_, Age::Dead) => missing.push(open(seat, None)),
            _ => {
                let spare = matches!(slot.held, Held::Value(_)).then_some(slot);
                missing.push(open(seat, spare));
            }
        }
    }
    let orders = missing.iter().map(|open| (&open.seat.order, &*open.seat.landing.flight));
    let orders: Vec<_> = orders.collect();
    let leasing = remote.lease_at_once(shared, &orders);
    let leases = tokio::time::timeout(limit, leasing).await.unwrap_or_default();
    for (open, lease) in missing.iter_mut().zip(leases) {
        open.lease = lease;
    }
    missing
}

/// Serves what there was before, or tells all who wait.
async fn fail(shared: &Shared, mut open: Vec<Open>, failure: Failure) {
    shared.stats.loads.errors.add();
    for Open { seat, spare: stored, .. } in &mut open {
        seat.landing.give_up(&seat.order, stored.take(), &failure);
    }
    let Some(remote) = &shared.remote else { return };
    let leases = open.into_iter().filter_map(|open| open.lease);
    join_all(leases.map(|lease| remote.release(shared, lease))).await;
}
