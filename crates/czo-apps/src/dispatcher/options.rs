//! How a dispatcher works.

use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// How a dispatcher works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DispatcherOptions {
    /// How many deliveries are under way at once. Default 512; a quarter is for first attempts.
    pub concurrency: usize,
    /// How many of them to one webhook, of all processes together. Default 8; where there are
    /// several, a quarter is for first attempts.
    pub per_endpoint: usize,
    /// How many to one webhook in a second, where its own row says nothing. Default: any number.
    pub rate: Option<u32>,
    /// How many webhooks one process serves at once. Default 1,024.
    pub endpoints: usize,
    /// How long the whole exchange may take. Default 15 s.
    pub deadline: Duration,
    /// How long to wait before each attempt, the first one too. Default, as Standard Webhooks
    /// recommends: 0, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    pub schedule: Vec<Duration>,
    /// Which part of a wait is left to chance, more or less. Default 0.2.
    pub jitter: f64,
    /// The longest `Retry-After` that is kept. Default 24 h.
    pub longest_retry_after: Duration,
    /// After how many failures in a row a webhook's breaker opens. Default 10.
    pub breaker_failures: u32,
    /// For how long it opens first; each time twice as long. Default 30 s.
    pub breaker_pause: Duration,
    /// For how long at most. Default 10 min.
    pub longest_breaker_pause: Duration,
    /// A webhook that has failed for so long, without one success, is disabled. Default 5 days.
    pub disable_after: Duration,
    /// For how long a webhook is this process' after it has last said so. Default 15 s.
    pub lease: Duration,
    /// How long a webhook without deliveries stays this process'. Default 5 s.
    pub idle: Duration,
    /// How often it looks by itself, when nobody wakes it. Default 1 s.
    pub poll: Duration,
    /// How long signers are kept before [`SigningKeys`](crate::SigningKeys) is asked again.
    /// Default 10 s.
    pub keep_signers: Duration,
    /// How long what was delivered, or not wanted, stays in the log. Default 7 days.
    pub keep_log: Duration,
    /// How long what was given up stays in the log. Default 30 days.
    pub keep_dead: Duration,
}

impl Default for DispatcherOptions {
    fn default() -> Self {
        Self {
            concurrency: 512,
            per_endpoint: 8,
            rate: None,
            endpoints: 1_024,
            deadline: SECOND * 15,
            schedule: vec![
                Duration::ZERO,
                SECOND * 5,
                MINUTE * 5,
                MINUTE * 30,
                HOUR * 2,
                HOUR * 5,
                HOUR * 10,
                HOUR * 14,
                HOUR * 20,
                HOUR * 24,
            ],
            jitter: 0.2,
            longest_retry_after: DAY,
            breaker_failures: 10,
            breaker_pause: SECOND * 30,
            longest_breaker_pause: MINUTE * 10,
            disable_after: DAY * 5,
            lease: SECOND * 15,
            idle: SECOND * 5,
            poll: SECOND,
            keep_signers: SECOND * 10,
            keep_log: DAY * 7,
            keep_dead: DAY * 30,
        }
    }
}

impl DispatcherOptions {
    /// How long to wait after so many failed attempts; nothing when it was the last one.
    pub(super) fn delay(&self, attempts: u32) -> Option<Duration> {
        let next = usize::try_from(attempts).unwrap_or(usize::MAX);
        self.schedule.get(next).map(|delay| self.jittered(*delay))
    }

    /// About as long.
    pub(super) fn jittered(&self, delay: Duration) -> Duration {
        let random = f64::from(u16::from_le_bytes(random())) / f64::from(u16::MAX);
        delay.mul_f64((1.0 + self.jitter * (random * 2.0 - 1.0)).max(0.0))
    }

    /// How many of `slots` retries may have: the rest waits for first attempts.
    pub(super) fn for_retries(slots: usize) -> usize {
        slots - slots.div_ceil(4).min(slots.saturating_sub(1))
    }
}

fn random() -> [u8; 2] {
    let [first, second, ..] = uuid::Uuid::new_v4().into_bytes();
    [first, second]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_those_of_the_schedule_and_a_fifth_more_or_less() {
        let options = DispatcherOptions::default();
        assert_eq!(options.delay(0), Some(Duration::ZERO));
        for (attempts, seconds) in [(1, 5.0), (2, 300.0), (9, 86_400.0)] {
            for _ in 0..100 {
                let delay = options.delay(attempts).unwrap().as_secs_f64();
                assert!((seconds * 0.8..=seconds * 1.2).contains(&delay), "{attempts}: {delay}");
            }
        }
        assert_eq!(options.delay(10), None);
        assert_eq!(options.delay(u32::MAX), None);
    }

    #[test]
    fn retries_leave_slots_to_first_attempts_where_there_are_several() {
        let left = [1, 2, 3, 4, 8, 512].map(DispatcherOptions::for_retries);
        assert_eq!(left, [1, 1, 2, 3, 6, 384]);
    }
}
