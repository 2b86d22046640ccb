//! How a subscription is served.

use std::borrow::Cow;
use std::time::Duration;

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

/// When an event whose handler failed is tried again, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    delays: Vec<Duration>,
}

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

    /// How long to wait after `attempts` attempts that failed; nothing when that was the last.
    #[must_use]
    pub fn delay_after(&self, attempts: u32) -> Option<Duration> {
        let failed = usize::try_from(attempts).ok()?.checked_sub(1)?;
        self.delays.get(failed).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
