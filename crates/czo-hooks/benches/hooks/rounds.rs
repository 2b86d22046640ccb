//! Taking turns, and the middle of what was measured.

use std::time::Instant;

use crate::subject::{Order, Outcome};

/// How many runs a turn has.
const TURN: u32 = 2_000;

/// The nanoseconds that one run of each way took, round by round.
pub(crate) struct Rounds<const WAYS: usize>(Vec<[f64; WAYS]>);

impl<const WAYS: usize> Rounds<WAYS> {
    /// Lets each way have its turn, so many times; in every other round the last comes first. One
    /// round more warms up. Every answer is looked at.
    pub(crate) async fn run(
        rounds: usize,
        mut way: impl AsyncFnMut(usize, Order) -> Outcome,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let mut measured = Vec::with_capacity(rounds);
        for round in 0..=rounds {
            let mut took = [0.0; WAYS];
            for place in 0..WAYS {
                let which = if round % 2 == 0 { place } else { WAYS - 1 - place };
                let start = Instant::now();
                for quantity in 0..TURN {
                    let receipt = way(which, Order::of(quantity)).await?;
                    if receipt.cents < u64::from(quantity) {
                        return Err("the receipt is wrong".into());
                    }
                }
                took[which] = start.elapsed().as_secs_f64() * 1e9 / f64::from(TURN);
            }
            if round > 0 {
                measured.push(took);
            }
        }
        Ok(Self(measured))
    }

    /// What a way took: the median round.
    pub(crate) fn nanoseconds(&self, way: usize) -> f64 {
        median(self.0.iter().map(|took| took[way]))
    }

    /// How much more a way took than `other`: the median of the rounds' differences.
    pub(crate) fn more(&self, way: usize, other: usize) -> f64 {
        median(self.0.iter().map(|took| took[way] - took[other]))
    }
}

/// The middle one.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
