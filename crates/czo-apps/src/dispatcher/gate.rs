//! How much a webhook is sent, and when nothing.

use std::time::{Duration, Instant};

use super::DispatcherOptions;

/// The longest pause because a receiver asks for one.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What the database knows of a webhook's breaker.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    pub(super) failures: u32,
    /// How often it opened since the last success.
    pub(super) trips: u32,
    /// For how long it has been failing.
    pub(super) failing: Option<Duration>,
    /// For how long it stays open.
    pub(super) open: Duration,
    pub(super) rate: Option<u32>,
}

/// What is to be kept of a breaker when it has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) failures: u32,
    pub(super) trips: u32,
    /// Since when it has been failing.
    pub(super) failing: Option<Duration>,
    /// For how long it opens.
    pub(super) open: Duration,
}

/// How an attempt went, as far as the webhook itself is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    Well,
    /// The receiver asks for less, for so long at least.
    Throttled {
        after: Option<Duration>,
        /// Whether it has failed too.
        failed: bool,
    },
    Badly,
}

/// Lets through what a webhook may be sent: no more at once than it takes, no more in a second than
/// its rate, and nothing while its breaker is open. Half open, it lets one through.
#[derive(Debug)]
pub(super) struct Gate {
    failures: u32,
    trips: u32,
    failing_since: Option<(Duration, Instant)>,
    open_until: Option<Instant>,
    paused_until: Option<Instant>,
    /// How many at once; fewer after it was asked for less, and then more again.
    width: f64,
    bucket: Option<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    rate: f64,
    tokens: f64,
    at: Instant,
}

impl Gate {
    pub(super) fn new(known: &Known, options: &DispatcherOptions, now: Instant) -> Self {
        let rate = known.rate.or(options.rate).map(|rate| f64::from(rate.max(1)));
        Self {
            failures: known.failures,
            trips: known.trips,
            failing_since: known.failing.map(|failing| (failing, now)),
            open_until: Some(now + known.open).filter(|_| !known.open.is_zero()),
            paused_until: None,
            width: width(options.per_endpoint),
            bucket: rate.map(|rate| Bucket { rate, tokens: rate, at: now }),
        }
    }

    /// How many may be under way at once, now.
    pub(super) fn slots(&self, now: Instant) -> usize {
        if self.opens_at(now).is_some() {
            0
        } else if self.trips > 0 {
            1
        } else {
            // A positive number that is no larger than the option is.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let slots = self.width as usize;
            slots.max(1)
        }
    }

    /// Until when nothing is let through.
    pub(super) fn opens_at(&self, now: Instant) -> Option<Instant> {
        self.open_until.max(self.paused_until).filter(|until| *until > now)
    }

    /// Whether its breaker is open, half or wholly.
    pub(super) fn is_tripped(&self) -> bool {
        self.trips > 0
    }

    /// For how long it has been failing.
    pub(super) fn failing(&self, now: Instant) -> Option<Duration> {
        self.failing_since.map(|(before, since)| before + now.duration_since(since))
    }

    /// Takes one of the second; if there is none, says when there is.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let Some(bucket) = &mut self.bucket else { return Ok(()) };
        let gained = now.duration_since(bucket.at).as_secs_f64() * bucket.rate;
        bucket.tokens = (bucket.tokens + gained).min(bucket.rate);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(now + Duration::from_secs_f64((1.0 - bucket.tokens) / bucket.rate))
    }

    /// Notes how an attempt went, and says what is to be kept of that.
    pub(super) fn note(
        &mut self,
        went: Went,
        options: &DispatcherOptions,
        now: Instant,
    ) -> Option<Change> {
        let failed = match went {
            Went::Well => return self.succeeded(options),
            Went::Badly => true,
            Went::Throttled { after, failed } => {
                self.width = (self.width / 2.0).max(1.0);
                let pause = after.unwrap_or(Duration::from_secs(1)).min(LONGEST_PAUSE);
                self.paused_until = self.paused_until.max(Some(now + pause));
                failed
            }
        };
        if !failed {
            return None;
        }
        self.failing_since.get_or_insert((Duration::ZERO, now));
        self.failures = self.failures.saturating_add(1);
        // What was under way when it opened says nothing new.
        let is_open = self.open_until.is_some_and(|until| until > now);
        if is_open || (self.trips == 0 && self.failures < options.breaker_failures) {
            return None;
        }
        let doubled = options.breaker_pause.saturating_mul(1 << self.trips.min(16));
        let open = options.jittered(doubled.min(options.longest_breaker_pause));
        self.trips = self.trips.saturating_add(1);
        self.open_until = Some(now + open);
        let failing = self.failing(now);
        Some(Change { failures: self.failures, trips: self.trips, failing, open })
    }

    fn succeeded(&mut self, options: &DispatcherOptions) -> Option<Change> {
        self.width = (self.width + 1.0 / self.width).min(width(options.per_endpoint));
        let was_tripped = self.trips > 0;
        (self.failures, self.trips) = (0, 0);
        (self.failing_since, self.open_until) = (None, None);
        let closed = Change { failures: 0, trips: 0, failing: None, open: Duration::ZERO };
        was_tripped.then_some(closed)
    }
}

fn width(slots: usize) -> f64 {
    f64::from(u32::try_from(slots.max(1)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> DispatcherOptions {
        DispatcherOptions { breaker_failures: 3, jitter: 0.0, ..DispatcherOptions::default() }
    }

    const HALF_A_MINUTE: Duration = Duration::from_secs(30);

    #[test]
    fn a_breaker_opens_after_failures_in_a_row_lets_one_through_and_closes() {
        let (options, mut now) = (options(), Instant::now());
        let mut gate = Gate::new(&Known::default(), &options, now);
        for went in [Went::Badly, Went::Badly, Went::Well, Went::Badly, Went::Badly] {
            assert_eq!(gate.note(went, &options, now), None);
        }
        assert_eq!(gate.slots(now), 8);
        let change = gate.note(Went::Badly, &options, now).unwrap();
        assert_eq!((change.trips, change.open), (1, HALF_A_MINUTE));
        assert_eq!((gate.slots(now), gate.is_tripped()), (0, true));
        // One that was under way.
        assert_eq!(gate.note(Went::Badly, &options, now), None);
        now += HALF_A_MINUTE;
        assert_eq!(gate.slots(now), 1);
        let change = gate.note(Went::Badly, &options, now).unwrap();
        assert_eq!((change.trips, change.open), (2, HALF_A_MINUTE * 2));
        assert_eq!(gate.failing(now), Some(HALF_A_MINUTE));
        assert_eq!(gate.slots(now + HALF_A_MINUTE), 0);
        now += HALF_A_MINUTE * 2;
        let change = gate.note(Went::Well, &options, now).unwrap();
        assert_eq!((change.trips, change.failing), (0, None));
        assert_eq!(gate.slots(now), 8);
    }

    #[test]
    fn who_takes_over_knows_that_it_was_open() {
        let (options, now) = (options(), Instant::now());
        let known = Known { trips: 1, open: HALF_A_MINUTE, ..Known::default() };
        let gate = Gate::new(&known, &options, now);
        assert_eq!((gate.slots(now), gate.slots(now + HALF_A_MINUTE)), (0, 1));
    }

    #[test]
    fn who_asks_for_less_gets_less_and_then_more_again() {
        let (options, now) = (options(), Instant::now());
        let mut gate = Gate::new(&Known::default(), &options, now);
        let throttled = Went::Throttled { after: Some(HALF_A_MINUTE), failed: false };
        assert_eq!(gate.note(throttled, &options, now), None);
        assert_eq!(gate.slots(now), 0);
        let later = now + HALF_A_MINUTE;
        assert_eq!(gate.slots(later), 4);
        for _ in 0..64 {
            gate.note(Went::Well, &options, later);
        }
        assert_eq!(gate.slots(later), 8);
        let for_ever = Went::Throttled { after: Some(Duration::MAX), failed: false };
        gate.note(for_ever, &options, later);
        assert!(gate.slots(later + LONGEST_PAUSE) > 0);
    }

    #[test]
    fn a_rate_is_kept() {
        let (options, now) = (options(), Instant::now());
        let known = Known { rate: Some(10), ..Known::default() };
        let mut gate = Gate::new(&known, &options, now);
        (0..10).for_each(|_| gate.take(now).unwrap());
        let next = gate.take(now).unwrap_err();
        assert!(next.duration_since(now).abs_diff(Duration::from_millis(100)).as_millis() < 2);
        gate.take(now + Duration::from_millis(101)).unwrap();
        gate.take(now + Duration::from_millis(101)).unwrap_err();
    }
}
