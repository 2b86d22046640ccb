//! The time by which entries grow old: it only goes forward, and costs next to nothing to read.

use std::time::Duration;

use tokio::time::Instant;

/// Milliseconds since the cache was made.
pub(crate) type Tick = u64;

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeline {
    start: Instant,
    #[cfg(target_os = "linux")]
    coarse_start: Option<Tick>,
}

impl Timeline {
    /// The time of the machine, to within the four milliseconds of a kernel's tick.
    pub(crate) fn coarse() -> Self {
        Self {
            start: Instant::now(),
            #[cfg(target_os = "linux")]
            coarse_start: Some(coarse()),
        }
    }

    /// Tokio's time, which a test can pause.
    pub(crate) fn tokio() -> Self {
        Self {
            start: Instant::now(),
            #[cfg(target_os = "linux")]
            coarse_start: None,
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> Tick {
        #[cfg(target_os = "linux")]
        if let Some(start) = self.coarse_start {
            return coarse().saturating_sub(start);
        }
        ticks(self.start.elapsed())
    }
}

/// Milliseconds since the machine started, more or less. The vDSO answers it without a call into the kernel, in a fifth of the time of `Instant::now`.
#[cfg(target_os = "linux")]
#[inline]
fn coarse() -> Tick {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    // It begins at 0 and only grows.
    let (seconds, nanoseconds) = (now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs());
    seconds * 1_000 + nanoseconds / 1_000_000
}

/// A duration in ticks; what is longer than there are ticks lasts for ever.
pub(crate) fn ticks(duration: Duration) -> Tick {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
