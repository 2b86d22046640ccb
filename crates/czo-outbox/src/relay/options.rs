//! How a relay works.

use std::time::Duration;

/// How a relay works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RelayOptions {
    /// How many events it hands over at once. Default 256.
    pub window: usize,
    /// How many events it has in memory, handed over and not yet settled included. Default 8,192.
    pub in_flight: usize,
    /// How long another relay's beat may stand still before its partitions are taken over.
    /// Default 5 s.
    pub lease: Duration,
    /// How long it waits at most before it looks by itself, when nobody wakes it. Default 1 s.
    pub poll: Duration,
    /// How long it waits at most before it tries a bus again that is out of reach. Default 30 s.
    pub longest_pause: Duration,
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self {
            window: 256,
            in_flight: 8_192,
            lease: Duration::from_secs(5),
            poll: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
        }
    }
}

impl RelayOptions {
    /// Hands this many events over at once, at least one.
    #[must_use]
    pub fn window(mut self, window: usize) -> Self {
        self.window = window.max(1);
        self
    }

    /// Has this many events in memory at most, at least one.
    #[must_use]
    pub fn in_flight(mut self, events: usize) -> Self {
        self.in_flight = events.max(1);
        self
    }

    /// Takes over from a relay whose beat stands still for this long.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Looks by itself at least this often.
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Tries a bus that is out of reach at least this often.
    #[must_use]
    pub fn longest_pause(mut self, pause: Duration) -> Self {
        self.longest_pause = pause;
        self
    }
}
