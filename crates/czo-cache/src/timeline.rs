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
    coarse_start: Option<Duration>,
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

    pub(crate) fn now(&self) -> Tick {
        #[cfg(target_os = "linux")]
        if let Some(start) = self.coarse_start {
            return ticks(coarse().saturating_sub(start));
        }
        ticks(self.start.elapsed())
    }
}

/// The vDSO answers it without a call into the kernel, in a fifth of the time of `Instant::now`.
#[cfg(target_os = "linux")]
fn coarse() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// A duration in ticks; what is longer than there are ticks lasts for ever.
pub(crate) fn ticks(duration: Duration) -> Tick {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
