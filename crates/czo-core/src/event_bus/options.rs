//! How a subscription is served.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::DomainEvent;

/// How a subscription is served.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscribeOptions {
    /// How many handlers of this subscription may run at once; 0 counts as 1. Default 1, which
    /// keeps order as far as no handler fails.
    pub concurrency: usize,
    /// The field of `data` whose value is the ordering key. Default none.
    pub ordered_by: Option<Cow<'static, str>>,
    /// When an event is tried again. Default: after 1 s, 5 s and 30 s.
    pub retry: RetryPolicy,
    /// Whether the group ends with its last subscription, so that nothing waits for it on a
    /// broker while nobody listens. Default no.
    pub temporary: bool,
}

impl Default for SubscribeOptions {
    fn default() -> Self {
        Self { concurrency: 1, ordered_by: None, retry: RetryPolicy::default(), temporary: false }
    }
}

impl SubscribeOptions {
    /// Lets up to `handlers` (at least 1) of this subscription run at once, giving up order.
    #[must_use]
    pub fn concurrency(mut self, handlers: usize) -> Self {
        self.concurrency = handlers.max(1);
        self
    }

    /// Keeps the order of events that have the same value in the field `field` of their `data`,
    /// such as `productId`: the next one is handled once this one was, or has gone to the dead
    /// letters. Events without that field, or where it is neither text nor a number, have no
    /// order. It is the data as it was published: of an older version, that version's field.
    #[must_use]
    pub fn ordered_by(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.ordered_by = Some(field.into());
        self
    }

    /// Tries events again by this schedule.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Lets the group end with its last subscription.
    #[must_use]
    pub fn temporary(mut self) -> Self {
        self.temporary = true;
        self
    }

    /// The ordering key of an event, for a subscription with these options. For providers.
    #[must_use]
    pub fn ordering_key<'e>(&self, event: &'e DomainEvent) -> Option<Cow<'e, str>> {
        match event.data.get(&**self.ordered_by.as_ref()?)? {
            serde_json::Value::String(text) => Some(Cow::Borrowed(text)),
            serde_json::Value::Number(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }
}

/// When an event or a job whose handler failed is tried again, and how often. Its JSON form is a
/// list of milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    delays: Vec<Duration>,
}

/// Delays that double grow no longer than this.
const LONGEST_DELAY: Duration = Duration::from_secs(3_600);

impl Default for RetryPolicy {
    /// After 1 s, 5 s and 30 s: four attempts in all (requirement AMQP 3).
    fn default() -> Self {
        Self::after([1, 5, 30].map(Duration::from_secs))
    }
}

impl RetryPolicy {
    /// Tries again after each of these delays, counted from the failure before.
    #[must_use]
    pub fn after(delays: impl IntoIterator<Item = Duration>) -> Self {
        Self { delays: delays.into_iter().collect() }
    }

    /// Tries up to so many times in all, at least once: again after `first`, then after twice as
    /// long each time, up to an hour.
    #[must_use]
    pub fn exponential(first: Duration, attempts: u32) -> Self {
        let longest = LONGEST_DELAY.max(first);
        let delay = |retry: u32| first.saturating_mul(1 << retry.min(30)).min(longest);
        Self::after((0..attempts.saturating_sub(1)).map(delay))
    }

    /// Never tries again: what fails goes to the dead letters.
    #[must_use]
    pub fn none() -> Self {
        Self::after([])
    }

    /// The delays before each further attempt.
    #[must_use]
    pub fn delays(&self) -> &[Duration] {
        &self.delays
    }

    /// How often it is tried in all.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        u32::try_from(self.delays.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// How long to wait after `attempts` attempts that failed; nothing when that was the last.
    #[must_use]
    pub fn delay_after(&self, attempts: u32) -> Option<Duration> {
        let failed = usize::try_from(attempts).ok()?.checked_sub(1)?;
        self.delays.get(failed).copied()
    }
}

impl Serialize for RetryPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let delay = |delay: &Duration| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        serializer.collect_seq(self.delays.iter().map(delay))
    }
}

impl<'de> Deserialize<'de> for RetryPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let delays = Vec::<u64>::deserialize(deserializer)?;
        Ok(Self::after(delays.into_iter().map(Duration::from_millis)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_delays_double_up_to_an_hour() {
        let seconds =
            |list: &[u64]| -> Vec<_> { list.iter().copied().map(Duration::from_secs).collect() };
        let policy = RetryPolicy::exponential(Duration::from_secs(10), 5);
        assert_eq!(policy.delays(), seconds(&[10, 20, 40, 80]));
        assert_eq!(policy.attempts(), 5);
        let long = RetryPolicy::exponential(Duration::from_secs(1_000), 5);
        assert_eq!(long.delays(), seconds(&[1_000, 2_000, 3_600, 3_600]));
        assert_eq!(RetryPolicy::exponential(Duration::from_secs(1), 0).delays(), seconds(&[]));
    }

    #[test]
    fn the_json_form_is_a_list_of_milliseconds() {
        let policy = RetryPolicy::exponential(Duration::from_millis(1_500), 3);
        let json = serde_json::to_string(&policy).unwrap();
        assert_eq!(json, "[1500,3000]");
        assert_eq!(serde_json::from_str::<RetryPolicy>(&json).unwrap(), policy);
    }

    #[test]
    fn the_default_schedule_is_one_five_and_thirty_seconds() {
        let policy = RetryPolicy::default();
        let waits: Vec<_> = (0..6).map(|attempts| policy.delay_after(attempts)).collect();
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(waits, [None, seconds(1), seconds(5), seconds(30), None, None]);
    }

    #[test]
    fn no_policy_is_longer_than_its_delays() {
        assert_eq!(RetryPolicy::none().delay_after(1), None);
    }
}
