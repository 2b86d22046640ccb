//! Ways that take turns, so that a busy moment of the machine hits all alike.

use anyhow::Result;

/// What each way gave, round by round.
#[derive(Debug)]
pub(crate) struct Measured<const WAYS: usize> {
    rounds: Vec<[f64; WAYS]>,
}

impl<const WAYS: usize> Measured<WAYS> {
    /// Lets each way run once a round, and once before that is not counted.
    pub(crate) async fn of<F>(rounds: usize, mut way: F) -> Result<Self>
    where
        F: AsyncFnMut(usize) -> Result<f64>,
    {
        let mut measured = Vec::with_capacity(rounds);
        for round in 0..=rounds {
            let mut values = [0.0; WAYS];
            // Whoever comes first in a round comes last in the next.
            for turn in 0..WAYS {
                let which = (turn + round) % WAYS;
                values[which] = way(which).await?;
            }
            measured.push(values);
        }
        measured.remove(0);
        Ok(Self { rounds: measured })
    }

    /// The median of a way.
    pub(crate) fn median(&self, way: usize) -> f64 {
        median(self.rounds.iter().map(|values| values[way]).collect())
    }

    /// The median of how many times as much one way gave as another in the same round.
    pub(crate) fn ratio(&self, way: usize, than: usize) -> f64 {
        median(self.rounds.iter().map(|values| values[way] / values[than]).collect())
    }
}

/// The value below which `percent` of them are.
pub(crate) fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) * percent / 100]
}

fn median(mut values: Vec<f64>) -> f64 {
    percentile(&mut values, 50)
}
