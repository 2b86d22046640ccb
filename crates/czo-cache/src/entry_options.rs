//! How long an entry is good, and what is done when it is not.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long an entry is good, and what is done when it is not.
///
/// ```
/// use std::time::Duration;
/// use czo_cache::EntryOptions;
///
/// let minute = Duration::from_secs(60);
/// let options = EntryOptions::ttl(minute)
///     .stale_for(10 * minute)
///     .spare_for(60 * minute)
///     .tag("shop_1");
/// # assert_eq!(options.fresh_for, minute);
/// ```
///
/// An entry is *fresh* for its time to live. After that it is *stale*: a read gets it at once, and it
/// is loaded again in the background. After that it is *spare*: a read waits for the load, and gets
/// the entry if the load fails or takes too long. What was invalidated is never served. No entry is
/// there for longer than 49 days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EntryOptions {
    /// How long it is fresh. Default a minute.
    pub fresh_for: Duration,
    /// By up to which part of its time it is fresh for less, so that what was loaded together is
    /// not loaded again together: 0 to 1, default 0.1.
    pub jitter: f64,
    /// How long after that it is served while it is loaded again. Default none.
    pub stale_for: Duration,
    /// How long after that it is served when loading fails. Default none.
    pub spare_for: Duration,
    /// From which part of its time on a read lets it be loaded again in advance: 0 to 1, default 1,
    /// never.
    pub refresh_after: f64,
    /// How long it is known that there is nothing. Default 5 seconds; zero remembers nothing.
    pub absent_for: Duration,
    /// How long a load that failed is not tried again while there is something to serve instead.
    /// Default a second.
    pub retry_after: Duration,
    /// How long a read waits before it takes what is spare, and lets the load go on; and how long it
    /// waits for another process that loads before it loads for itself. Default 1 second.
    pub soft_timeout: Duration,
    /// How long a read waits at all. Default 10 seconds. A load that takes three times as long is
    /// dropped.
    pub hard_timeout: Duration,
    /// What it can be invalidated by, with others.
    pub tags: Vec<String>,
}

impl EntryOptions {
    /// Fresh for this long, less up to a tenth.
    #[must_use]
    pub const fn ttl(fresh_for: Duration) -> Self {
        Self {
            fresh_for,
            jitter: 0.1,
            stale_for: Duration::ZERO,
            spare_for: Duration::ZERO,
            refresh_after: 1.0,
            absent_for: Duration::from_secs(5),
            retry_after: Duration::from_secs(1),
            soft_timeout: Duration::from_secs(1),
            hard_timeout: Duration::from_secs(10),
            tags: Vec::new(),
        }
    }

    /// Is fresh for up to this part less.
    #[must_use]
    pub const fn jitter(mut self, part: f64) -> Self {
        self.jitter = part;
        self
    }

    /// After that, is served for so long while it is loaded again.
    #[must_use]
    pub const fn stale_for(mut self, duration: Duration) -> Self {
        self.stale_for = duration;
        self
    }

    /// After that, is served for so long when it can't be loaded.
    #[must_use]
    pub const fn spare_for(mut self, duration: Duration) -> Self {
        self.spare_for = duration;
        self
    }

    /// Is loaded again in advance when it is read after this part of its time.
    #[must_use]
    pub const fn refresh_after(mut self, part: f64) -> Self {
        self.refresh_after = part;
        self
    }

    /// Remembers for so long that there is nothing.
    #[must_use]
    pub const fn absent_for(mut self, duration: Duration) -> Self {
        self.absent_for = duration;
        self
    }

    /// Tries a load that failed again after this long, as long as there is something to serve.
    #[must_use]
    pub const fn retry_after(mut self, duration: Duration) -> Self {
        self.retry_after = duration;
        self
    }

    /// Takes what is spare when a load takes longer than this.
    #[must_use]
    pub const fn soft_timeout(mut self, duration: Duration) -> Self {
        self.soft_timeout = duration;
        self
    }

    /// Gives up waiting for a load after this long.
    #[must_use]
    pub const fn hard_timeout(mut self, duration: Duration) -> Self {
        self.hard_timeout = duration;
        self
    }

    /// Is invalidated with whatever else has this tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }
}

impl Default for EntryOptions {
    fn default() -> Self {
        Self::ttl(Duration::from_secs(60))
    }
}
