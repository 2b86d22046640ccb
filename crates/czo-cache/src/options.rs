//! How large a cache is, and how new.

use std::time::Duration;

/// How large the memory of a cache is, and by which time it lives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CacheOptions {
    /// How many bytes of entries are in memory: about what they have as JSON, with some for the key
    /// and the entry. What is least used makes room. Default 64 MiB; 0 keeps nothing in memory, with
    /// a store nothing but what is served because it can't be loaded, up to 4 MiB.
    ///
    /// An entry larger than a part of it is not kept: than an eighth with two cores, with more cores
    /// than a smaller one.
    pub memory_bytes: u64,
    /// No entry of this process is kept for longer than this, whatever its own options say, and as a
    /// spare neither; what it reads from a store is as old as who wrote it let it be.
    /// Default without end.
    pub max_age: Duration,
    pub(crate) tokio_time: bool,
}

impl CacheOptions {
    /// Keeps up to so many bytes of entries in memory.
    #[must_use]
    pub const fn memory_bytes(mut self, bytes: u64) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// Keeps nothing for longer than this.
    #[must_use]
    pub const fn max_age(mut self, duration: Duration) -> Self {
        self.max_age = duration;
        self
    }

    /// Lives by tokio's time, which a test can pause, instead of the machine's, which is cheaper.
    #[must_use]
    pub const fn on_tokio_time(mut self) -> Self {
        self.tokio_time = true;
        self
    }
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self { memory_bytes: 64 << 20, max_age: Duration::MAX, tokio_time: false }
    }
}

/// How new memory is when other processes share what is behind it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SharedOptions {
    /// For how long memory may show what another process has invalidated, when the notice of it does
    /// not arrive. Four times in it the connection is tried, and what is in memory is believed for no
    /// longer than this without an answer. Default 2 seconds.
    ///
    /// As long as the connection is in order, it is the time that a message takes.
    pub staleness_bound: Duration,
    /// Values with more bytes of JSON than this are not shared: those that are loaded stay in memory,
    /// those that are put are not kept. Default 1 MiB.
    pub largest_value: usize,
}

impl SharedOptions {
    /// Believes memory for so long without hearing from the others: for a tenth of a second at least,
    /// and better for no less than four times what an answer may take.
    #[must_use]
    pub fn staleness_bound(mut self, duration: Duration) -> Self {
        self.staleness_bound = duration.max(Duration::from_millis(100));
        self
    }

    /// Shares values with up to so many bytes of JSON.
    #[must_use]
    pub const fn largest_value(mut self, bytes: usize) -> Self {
        self.largest_value = bytes;
        self
    }
}

impl Default for SharedOptions {
    fn default() -> Self {
        Self { staleness_bound: Duration::from_secs(2), largest_value: 1 << 20 }
    }
}
