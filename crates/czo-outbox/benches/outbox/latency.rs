//! How long it takes from a commit to the bus.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use czo_outbox::Relay;
use czo_repo::DatabaseError;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;

use crate::null_bus::NullBus;
use crate::options::Options;
use crate::place::{Place, WRITERS};

pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// A transaction begins each millisecond, however long the others take. The time runs from right
/// before its commit, which is a part of it.
pub(crate) async fn measure(place: &Place, options: &Options) -> Result<Latency> {
    place.settle().await?;
    let (bus, mut came) = NullBus::timed();
    let relay = Relay::new(&place.outbox, bus).spawn();
    let count = options.paced().as_millis();
    let count = u64::try_from(count)?;
    let committing = Arc::new(std::sync::Mutex::new(HashMap::new()));
    let turns = Semaphore::new(WRITERS);
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let ticks = stream::unfold((tick, 0), |(mut tick, number)| async move {
        tick.tick().await;
        Some((number, (tick, number + 1)))
    });
    let writers = ticks
        .take(usize::try_from(count)?)
        .map(|number| write(place, &turns, number, committing.clone()))
        .buffer_unordered(usize::try_from(count)?)
        .try_collect::<()>();
    let began = Instant::now();
    writers.await?;
    let rate = f64::from(u32::try_from(count)?) / began.elapsed().as_secs_f64();
    crate::progress(&format!("{rate:.0} commits a second"));
    let mut times = Vec::new();
    while times.len() < usize::try_from(count)? {
        let Some((number, at)) = came.recv().await else { break };
        let from: Option<Instant> =
            committing.lock().unwrap_or_else(|broken| broken.into_inner()).remove(&number);
        times.extend(from.map(|from| at.saturating_duration_since(from).as_secs_f64() * 1_000.0));
    }
    relay.drain(Duration::from_secs(10)).await;
    times.sort_by(f64::total_cmp);
    let percentile = |percent: usize| times[(times.len() - 1) * percent / 100];
    Ok(Latency { p50: percentile(50), p99: percentile(99) })
}

async fn write(
    place: &Place,
    turns: &Semaphore,
    number: u64,
    committing: Arc<std::sync::Mutex<HashMap<u64, Instant>>>,
) -> Result<(), DatabaseError> {
    let _turn = turns.acquire().await;
    place
        .database
        .transaction(async |tx| {
            place.place_order(tx, number).await?;
            let mut committing = committing.lock().unwrap_or_else(|broken| broken.into_inner());
            committing.insert(number, Instant::now());
            Ok(())
        })
        .await
}
