//! Events at a steady rate, and how long their messages take.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, MissedTickBehavior};

use crate::place::{Place, WRITERS};
use crate::receiver::{Receiver, now};

/// How long may be waited for the last message.
const PATIENCE: Duration = Duration::from_secs(30);

/// What happens at a steady rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steady {
    pub(crate) events_per_second: u32,
    pub(crate) duration: Duration,
}

/// Events of one shop, whose webhooks are at these paths; and at other URLs, which are not looked
/// at. From each commit's return to the arrival of each message in whole, in milliseconds.
pub(crate) async fn times(
    place: &Place,
    receiver: &mut Receiver,
    steady: Steady,
    paths: &[String],
    others: &[String],
) -> Result<Vec<f64>> {
    place.settle().await?;
    let urls: Vec<_> = paths.iter().map(|path| receiver.url(path)).collect();
    let shop = place.shop(&[&urls, others].concat()).await?;
    let dispatcher = place.dispatch(receiver)?;
    // Connections, statements and plans are made before.
    place.publish(shop, 0, 20).await?;
    let mut arrived = Vec::new();
    gather(receiver, &mut arrived, paths, 20 * paths.len()).await?;
    arrived.clear();

    let count = u64::from(steady.events_per_second) * steady.duration.as_secs();
    let mut tick = tokio::time::interval(Duration::from_secs(1) / steady.events_per_second);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let ticks = stream::unfold((tick, 1_000), |(mut tick, number)| async move {
        tick.tick().await;
        Some((number, (tick, number + 1)))
    });
    let commit = async |number| {
        place.publish(shop, number, 1).await?;
        Ok::<_, anyhow::Error>((number, now()))
    };
    let began = Instant::now();
    let committed = ticks.take(usize::try_from(count)?).map(commit).buffer_unordered(WRITERS);
    let committed: HashMap<u64, u64> = committed.try_collect().await?;
    let rate = f64::from(u32::try_from(count)?) / began.elapsed().as_secs_f64();
    gather(receiver, &mut arrived, paths, committed.len() * paths.len()).await?;
    drop(dispatcher);
    let mut times = Vec::with_capacity(arrived.len());
    for (number, at) in arrived {
        let committed = committed.get(&number).context("what arrives was committed")?;
        let micros = u32::try_from(at.saturating_sub(*committed))?;
        times.push(f64::from(micros) / 1_000.0);
    }
    let [p50, p95, p99] = [50, 95, 99].map(|percent| percentile(&times, percent));
    crate::progress(&format!(
        "{rate:.0} commits a second, p50 {p50:.2} ms, p95 {p95:.2} ms, p99 {p99:.2} ms"
    ));
    Ok(times)
}

/// Takes what arrives at these paths until it is so many.
async fn gather(
    receiver: &mut Receiver,
    arrived: &mut Vec<(u64, u64)>,
    paths: &[String],
    count: usize,
) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let taken = receiver.take().await?;
        let taken = taken.into_iter().filter(|arrival| paths.contains(&arrival.path));
        arrived.extend(taken.map(|arrival| (arrival.number, arrival.at)));
        if arrived.len() >= count {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{} of {count} messages have arrived", arrived.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Of times in any order.
pub(crate) fn percentile(times: &[f64], percent: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((sorted.len().saturating_sub(1)) * percent / 100).copied().unwrap_or(f64::NAN)
}

pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}
