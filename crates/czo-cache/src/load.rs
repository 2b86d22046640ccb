//! A load under way, from its start to what becomes of what it found.

mod end;
pub(crate) mod many;

use std::hash::{BuildHasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tracing::Instrument;

use crate::codec::Codec;
use crate::entry_options::EntryOptions;
use crate::flight::{Boarding, Flight, Landing};
use crate::namespace::Key;
use crate::remote::{Approach, Want};
use crate::scope::{Generation, Scope, tag_scope};
use crate::shared::Shared;
use crate::slot::{Age, AnyError, AnyValue, Held, Slot, Tags, Times};
use crate::timeline::{Tick, ticks};

/// A load that has not begun, of a type that the cache does not know.
pub(crate) type Load = Pin<Box<dyn Future<Output = Result<Found, Failure>> + Send>>;

/// What a load found, of a type that the cache does not know.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) value: Option<AnyValue>,
    pub(crate) fresh_for: Option<Duration>,
    pub(crate) version: Option<i64>,
    pub(crate) tags: Vec<String>,
}

/// Why a load failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// An `Arc` of the error, of a type that the waiters know; nothing when it panicked or was
    /// dropped.
    pub(crate) error: Option<AnyError>,
    pub(crate) message: String,
}

/// What is loaded, and how.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) key: Key,
    pub(crate) options: EntryOptions,
    pub(crate) codec: Codec,
    pub(crate) want: Want,
    pub(crate) wanted: Wanted,
}

impl Order {
    /// How long the store, and who loads the key elsewhere, is waited for.
    pub(crate) fn patience(&self) -> Duration {
        self.options.soft_timeout.min(self.options.hard_timeout / 2)
    }
}

/// What helps who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A value: its load always finds one.
    Value,
    /// A value, or that there is none.
    Answer,
}

/// Starts a load in a task of its own: it goes on when nobody waits any more.
pub(crate) fn take_off(shared: &Arc<Shared>, order: Order, flight: Arc<Flight>, load: Load) {
    let landing = Landing { shared: shared.clone(), key: order.key.clone(), flight };
    let flying = async move { fly(&landing, &order, order.want, load).await };
    tokio::spawn(flying.instrument(tracing::Span::current()));
}

/// What comes of a load, which may panic or never end.
async fn run<T>(
    order: &Order,
    load: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let limit = order.options.hard_timeout.saturating_mul(3);
    let why = match tokio::time::timeout(limit, AssertUnwindSafe(load).catch_unwind()).await {
        Ok(Ok(loaded)) => return loaded,
        Ok(Err(_)) => "it panicked",
        Err(_) => "it took too long",
    };
    let Key { namespace, text, .. } = &order.key;
    tracing::error!(namespace = namespace.path(), key = &**text, "a load is dropped: {why}");
    Err(Failure { error: None, message: why.to_owned() })
}

async fn fly(landing: &Landing, order: &Order, want: Want, load: Load) {
    let Landing { shared, flight, .. } = landing;
    let remote = shared.remote.as_deref();
    let (mut lease, mut stored_spare) = (None, None);
    if let Some(remote) = remote {
        match remote.approach(shared, order, flight, want).await {
            Approach::Found(slot) => {
                landing.land(&slot);
                return match slot.times.age(shared.timeline.now()) {
                    // It is served, and loaded again meanwhile.
                    Age::Ripe | Age::Stale => Box::pin(fly_again(landing, order, load)).await,
                    _ => {}
                };
            }
            Approach::Load { lease: granted, spare } => {
                if let Some(spare) = &spare {
                    // It is set once.
                    let _ = flight.spare.set(spare.clone());
                }
                (lease, stored_spare) = (granted, spare);
            }
        }
    }
    let (began, loaded_at) = (Instant::now(), shared.timeline.now());
    let loaded = match remote {
        Some(remote) => remote.hold(lease.as_slice(), run(order, load)).await,
        None => run(order, load).await,
    };
    shared.stats.loads.latency.record(began.elapsed());
    match loaded {
        Ok(found) => landing.arrive(order, lease, found, loaded_at).await,
        Err(failure) => {
            shared.stats.loads.errors.add();
            landing.give_up(order, stored_spare, &failure);
            if let (Some(remote), Some(lease)) = (remote, lease) {
                remote.release(shared, lease).await;
            }
        }
    }
}

/// Loads what the store has and is not fresh any more, unless somebody does.
async fn fly_again(landing: &Landing, order: &Order, load: Load) {
    let Landing { shared, key, .. } = landing;
    let Shared { flights, scopes, .. } = &**shared;
    if let Boarding::Started(flight) = flights.board(key, scopes, &order.options.tags, || false) {
        let landing = Landing { shared: shared.clone(), key: key.clone(), flight };
        fly(&landing, order, Want::Newer, load).await;
    }
}

/// What memory has of the type that is wanted, or else the store had, that is served when it can't
/// be loaded, for the time until it is tried again.
pub(crate) fn spare(shared: &Shared, order: &Order, stored: Option<Slot>) -> Option<Slot> {
    let now = shared.timeline.now();
    let is_spare = |slot: &Slot| {
        let is_value = matches!(&slot.held, Held::Value(value) if order.codec.is_value(value));
        // What others may have invalidated meanwhile is not served, even then.
        let is_believed = match &shared.remote {
            Some(remote) => remote.believes(slot.times.loaded_at(), now),
            None => true,
        };
        let is_alive = slot.times.age(now) != Age::Dead;
        is_value && is_alive && is_believed && slot.is_good(&order.key.namespace)
    };
    let there = shared.memory.peek(order.key.by_ref()).filter(is_spare);
    let mut slot = there.or_else(|| stored.filter(is_spare))?;
    slot.times = slot.times.retried_at(now.saturating_add(ticks(order.options.retry_after)));
    Some(slot)
}

/// What memory holds of what was found.
pub(crate) fn slot(
    order: &Order,
    shared: &Shared,
    tags: &[Arc<Scope>],
    generation: Generation,
    found: Found,
    loaded_at: Tick,
) -> Slot {
    let further = found.tags.iter().map(|tag| shared.scopes.of(&tag_scope(tag)));
    let tags: Tags = tags.iter().cloned().chain(further).collect();
    let weight = found.value.as_ref().map_or(0, |value| order.codec.weigh(value));
    let is_absent = found.value.is_none();
    Slot {
        held: found.value.into(),
        tags: (!tags.is_empty()).then(|| Arc::new(tags)),
        generation,
        version: found.version,
        times: order.options.times(loaded_at, found.fresh_for, is_absent, shared.max_age),
        weight: u32::try_from(weight).unwrap_or(u32::MAX),
    }
}

impl EntryOptions {
    fn times(
        &self,
        loaded_at: Tick,
        exactly: Option<Duration>,
        is_absent: bool,
        max_age: Duration,
    ) -> Times {
        let fresh_for = match exactly {
            Some(duration) => duration,
            None if is_absent => self.absent_for,
            None => part(self.fresh_for, 1.0 - self.jitter.clamp(0.0, 1.0) * chance()),
        };
        let fresh_for = fresh_for.min(max_age);
        let oldest = loaded_at.saturating_add(ticks(max_age));
        let fresh_until = loaded_at.saturating_add(ticks(fresh_for));
        // That something is not there is no reason to say so for longer, and what is said to be
        // good for no time is not to be kept.
        let (stale_for, spare_for) = match is_absent || fresh_for.is_zero() {
            true => (0, 0),
            false => (ticks(self.stale_for), ticks(self.spare_for)),
        };
        let ripe_for = part(fresh_for, self.refresh_after.clamp(0.0, 1.0));
        let stale_until = fresh_until.saturating_add(stale_for).min(oldest);
        Times::new(
            loaded_at,
            loaded_at.saturating_add(ticks(ripe_for)),
            fresh_until,
            stale_until,
            stale_until.saturating_add(spare_for).min(oldest),
        )
    }
}

/// A part of a duration; the whole of it when there is no such part.
fn part(duration: Duration, part: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * part).unwrap_or(duration)
}

/// A number from 0 to 1, another each time; nothing depends on nobody foreseeing it.
fn chance() -> f64 {
    // The standard library's keys differ with each state.
    let bits = RandomState::new().hash_one(0_u8) >> 32;
    f64::from(u32::try_from(bits).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn times(
        options: &EntryOptions,
        loaded_at: Tick,
        exactly: Option<Duration>,
        is_absent: bool,
    ) -> Times {
        options.times(loaded_at, exactly, is_absent, Duration::MAX)
    }

    #[test]
    fn nothing_is_older_than_the_cache_lets_it_be() {
        let options = EntryOptions::ttl(MINUTE).jitter(0.0).refresh_after(0.5).stale_for(MINUTE);
        let second = Duration::from_secs(1);
        let times = options.spare_for(MINUTE).times(7, None, false, second);
        assert_eq!((times.refresh_at(), times.fresh_until()), (507, 1_007));
        assert_eq!((times.stale_until(), times.kept_until()), (1_007, 1_007));
    }

    #[test]
    fn jitter_spreads_the_end_over_its_part_of_the_time() {
        let options = EntryOptions::ttl(MINUTE).jitter(0.5);
        let ends: Vec<_> =
            (0..1_000).map(|_| times(&options, 0, None, false).fresh_until()).collect();
        assert!(ends.iter().all(|end| (30_000..=60_000).contains(end)));
        assert!(ends.iter().any(|end| *end < 40_000) && ends.iter().any(|end| *end > 50_000));
    }

    #[test]
    fn what_is_absent_is_never_stale() {
        let options = EntryOptions::ttl(MINUTE).stale_for(MINUTE).spare_for(MINUTE);
        let times = times(&options, 0, None, true);
        assert_eq!((times.fresh_until(), times.kept_until()), (5_000, 5_000));
    }

    #[test]
    fn no_duration_is_too_long_and_no_part_too_odd() {
        let options = EntryOptions::ttl(Duration::MAX).jitter(f64::NAN).stale_for(Duration::MAX);
        let longest = 7 + u64::from(u32::MAX);
        assert_eq!(times(&options, 7, None, false).fresh_until(), longest);
        assert_eq!(times(&options, 7, Some(Duration::MAX), false).kept_until(), longest);
    }
}
