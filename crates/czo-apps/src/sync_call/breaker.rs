//! Keeps an app that is not there from costing its deadline each time.

use std::time::{Duration, Instant};

use super::SyncOptions;
use super::error::SyncFailure;

/// How a call went, as far as the app is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    Well,
    Badly,
    /// The app had no part in it.
    Unknown,
}

/// Lets calls through: so many at once, none while it is open, and then one to see how it goes.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    running: usize,
    /// In a row.
    failures: u32,
    /// How often it opened since the last success.
    trips: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Lets one through, which then [leaves](Self::leave).
    pub(super) fn enter(&mut self, options: &SyncOptions, now: Instant) -> Result<(), SyncFailure> {
        if let Some(until) = self.open_until.filter(|until| *until > now) {
            return Err(SyncFailure::Open { again: until - now });
        }
        if self.trips > 0 && self.running > 0 {
            return Err(SyncFailure::Open { again: Duration::ZERO });
        }
        if self.running >= options.per_webhook {
            return Err(SyncFailure::Busy { most: options.per_webhook });
        }
        self.running += 1;
        Ok(())
    }

    /// Notes how it went, and says for how long the breaker opens, if it does.
    pub(super) fn leave(
        &mut self,
        went: Went,
        options: &SyncOptions,
        now: Instant,
    ) -> Option<Duration> {
        self.running = self.running.saturating_sub(1);
        match went {
            Went::Unknown => return None,
            Went::Well => {
                (self.failures, self.trips, self.open_until) = (0, 0, None);
                return None;
            }
            Went::Badly => self.failures = self.failures.saturating_add(1),
        }
        // What was under way when it opened says nothing new.
        let is_open = self.open_until.is_some_and(|until| until > now);
        if is_open || (self.trips == 0 && self.failures < options.breaker_failures) {
            return None;
        }
        let doubled = options.breaker_pause.saturating_mul(1 << self.trips.min(16));
        let pause = doubled.min(options.longest_breaker_pause);
        self.trips = self.trips.saturating_add(1);
        self.open_until = Some(now + pause);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> SyncOptions {
        SyncOptions { breaker_failures: 2, per_webhook: 3, ..SyncOptions::default() }
    }

    fn call(breaker: &mut Breaker, went: Went, now: Instant) -> Option<Duration> {
        breaker.enter(&options(), now).unwrap();
        breaker.leave(went, &options(), now)
    }

    const PAUSE: Duration = Duration::from_secs(5);

    #[test]
    fn it_opens_after_failures_in_a_row_for_longer_each_time_and_closes_with_a_success() {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        for went in [Went::Badly, Went::Well, Went::Unknown, Went::Badly] {
            assert_eq!(call(&mut breaker, went, now), None);
        }
        assert_eq!(call(&mut breaker, Went::Badly, now), Some(PAUSE));
        assert!(matches!(breaker.enter(&options(), now), Err(SyncFailure::Open { again: PAUSE })));
        now += PAUSE;
        assert_eq!(call(&mut breaker, Went::Badly, now), Some(PAUSE * 2));
        now += PAUSE * 2;
        assert_eq!(call(&mut breaker, Went::Well, now), None);
        assert_eq!(call(&mut breaker, Went::Badly, now), None);
    }

    #[test]
    fn it_is_never_open_for_longer_than_it_may_be() {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        call(&mut breaker, Went::Badly, now);
        for _ in 0..40 {
            let pause = call(&mut breaker, Went::Badly, now).unwrap();
            assert!(pause <= options().longest_breaker_pause);
            now += pause;
        }
    }

    #[test]
    fn half_open_it_lets_one_through_at_a_time() {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        call(&mut breaker, Went::Badly, now);
        call(&mut breaker, Went::Badly, now);
        now += PAUSE;
        breaker.enter(&options(), now).unwrap();
        assert!(matches!(breaker.enter(&options(), now), Err(SyncFailure::Open { .. })));
        // One that was not asked in the end leaves its place to another.
        breaker.leave(Went::Unknown, &options(), now);
        breaker.enter(&options(), now).unwrap();
        breaker.leave(Went::Well, &options(), now);
        breaker.enter(&options(), now).unwrap();
        breaker.enter(&options(), now).unwrap();
    }

    #[test]
    fn no_more_are_under_way_than_may_be() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        (0..3).for_each(|_| breaker.enter(&options(), now).unwrap());
        assert!(matches!(breaker.enter(&options(), now), Err(SyncFailure::Busy { most: 3 })));
        breaker.leave(Went::Well, &options(), now);
        breaker.enter(&options(), now).unwrap();
    }
}
