//! Chance that can be had again: the same seed gives the same numbers.

use std::time::Duration;

/// Numbers at random from a seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that begin with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice of its own for one of many, told apart by `number`.
    #[must_use]
    pub fn of(seed: u64, number: u64) -> Self {
        let mut dice = Self(seed ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93));
        dice.seed();
        dice
    }

    /// A seed for others.
    pub fn seed(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where that is 0.
    pub fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.seed() % u64::from(end.max(1))).unwrap_or_default()
    }

    /// Whether something happens that happens so often of a thousand times.
    pub fn happens(&mut self, of_thousand: u32) -> bool {
        self.below(1_000) < of_thousand
    }

    /// A time from `least` to `most` milliseconds.
    pub fn millis(&mut self, least: u32, most: u32) -> Duration {
        Duration::from_millis(u64::from(least + self.below(most - least + 1)))
    }

    /// One of several; nothing of none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let place = self.below(u32::try_from(of.len()).unwrap_or(u32::MAX));
        of.get(usize::try_from(place).unwrap_or_default())
    }

    /// Puts them in some order.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for end in (1..all.len()).rev() {
            let place = self.below(u32::try_from(end + 1).unwrap_or(u32::MAX));
            all.swap(end, usize::try_from(place).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_gives_others() {
        let numbers = |mut dice: Dice| (0..20).map(|_| dice.below(1_000)).collect::<Vec<_>>();
        assert_eq!(numbers(Dice::of(7, 1)), numbers(Dice::of(7, 1)));
        assert_ne!(numbers(Dice::of(7, 1)), numbers(Dice::of(7, 2)));
        assert_ne!(numbers(Dice::of(7, 1)), numbers(Dice::of(8, 1)));
    }

    #[test]
    fn a_shuffle_keeps_everything() {
        let mut all: Vec<_> = (0..50).collect();
        Dice::new(3).shuffle(&mut all);
        assert!(!all.is_sorted());
        all.sort_unstable();
        assert_eq!(all, (0..50).collect::<Vec<_>>());
    }
}
