//! Taking turns, and the middle of what was measured.

use std::time::{Duration, Instant};

use anyhow::Result;

/// What ways to do the same took, round by round.
pub(crate) struct Rounds<const WAYS: usize>(Vec<[Duration; WAYS]>);

impl<const WAYS: usize> Rounds<WAYS> {
    /// Lets each way have its turn, so many times; in one round the first comes first, in the
    /// next last, so that none always finds what another has left in the caches. One round more
    /// warms up.
    pub(crate) async fn run(
        rounds: usize,
        mut turn: impl AsyncFnMut(usize) -> Result<Duration>,
    ) -> Result<Self> {
        let mut measured = Vec::with_capacity(rounds);
        for round in 0..=rounds {
            let mut took = [Duration::ZERO; WAYS];
            for place in 0..WAYS {
                let way = if round % 2 == 0 { place } else { WAYS - 1 - place };
                took[way] = turn(way).await?;
            }
            if round > 0 {
                measured.push(took);
            }
        }
        Ok(Self(measured))
    }

    /// How long a way took in seconds: the median round.
    pub(crate) fn seconds(&self, way: usize) -> f64 {
        median(self.0.iter().map(|took| took[way].as_secs_f64()))
    }

    /// How much of the throughput of `other` a way has: the median of the rounds' ratios.
    pub(crate) fn throughput(&self, way: usize, other: usize) -> f64 {
        median(self.0.iter().map(|took| took[other].as_secs_f64() / took[way].as_secs_f64()))
    }
}

/// How long something took, and what came of it.
pub(crate) async fn timed<T>(work: impl Future<Output = Result<T>>) -> Result<(Duration, T)> {
    let start = Instant::now();
    let value = work.await?;
    Ok((start.elapsed(), value))
}

/// The middle one.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
