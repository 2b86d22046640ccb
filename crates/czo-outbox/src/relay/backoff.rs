//! Waiting longer each time.

use std::time::Duration;

use uuid::Uuid;

/// The first pause.
const FIRST: Duration = Duration::from_millis(100);

/// Waits longer each time, up to a limit, and never quite as long as somebody else.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    pub(super) fn failures(self) -> u32 {
        self.failures
    }

    /// How long to wait after one more failure: twice as long as before, of which a random part,
    /// up to a quarter, is left out.
    pub(super) fn next(&mut self, longest: Duration) -> Duration {
        let pause = FIRST.saturating_mul(1 << self.failures.min(16)).min(longest);
        self.failures = self.failures.saturating_add(1);
        let random = f64::from(Uuid::new_v4().as_bytes()[0]) / 255.0;
        pause.mul_f64(1.0 - random / 4.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit_and_begin_anew() {
        let longest = Duration::from_secs(30);
        let mut backoff = Backoff::default();
        for expected in [100, 200, 400, 800, 1_600] {
            let pause = backoff.next(longest).as_millis();
            assert!((expected * 3 / 4..=expected).contains(&pause), "{pause}");
        }
        (0..100).for_each(|_| assert!(backoff.next(longest) <= longest));
        backoff.reset();
        assert!(backoff.next(longest) <= FIRST);
    }
}
