//! Chance that repeats itself, so that every run asks for the same.

/// SplitMix64: not for secrets, good enough to pick products, and no crate.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn of_seed(seed: u64) -> Self {
        Self(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// One of `all`, each as likely as another: the bias of the remainder is far below what a
    /// run can show.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let place = self.bits() % u64::try_from(all.len()).unwrap_or(u64::MAX);
        &all[usize::try_from(place).unwrap_or(0)]
    }
}
