//! Ways that take turns, so that a busy moment of the machine hits all alike.

use std::time::{Duration, Instant};

/// What each way took, round by round, for one operation.
#[derive(Debug)]
pub(crate) struct Measured<const WAYS: usize> {
    rounds: Vec<[f64; WAYS]>,
}

impl<const WAYS: usize> Measured<WAYS> {
    /// Lets each way run once a round; each says how often it did what it does.
    pub(crate) async fn of<F>(rounds: usize, mut way: F) -> Self
    where
        F: AsyncFnMut(usize) -> usize,
    {
        let mut measured = Vec::with_capacity(rounds);
        for round in 0..rounds {
            let mut times = [0.0; WAYS];
            // Whoever comes first in a round comes last in the next.
            for turn in 0..WAYS {
                let which = (turn + round) % WAYS;
                let began = Instant::now();
                let times_done = way(which).await;
                times[which] = nanoseconds(began.elapsed()) / times_done as f64;
            }
            measured.push(times);
        }
        Self { rounds: measured }
    }

    /// The median of a way, in nanoseconds.
    pub(crate) fn nanoseconds(&self, way: usize) -> f64 {
        median(self.rounds.iter().map(|times| times[way]).collect())
    }

    /// The median of how many times as long one way takes as another in the same round.
    pub(crate) fn ratio(&self, way: usize, than: usize) -> f64 {
        median(self.rounds.iter().map(|times| times[way] / times[than]).collect())
    }
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
