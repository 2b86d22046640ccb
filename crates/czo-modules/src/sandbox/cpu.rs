//! How long a call computes.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The computing time of one call: what its thread spent on it, not what passed by. A call that
/// waits, and one that the system interrupts for others, spends nothing.
#[derive(Default)]
pub(super) struct CpuTime {
    spent: AtomicU64,
    /// The thread's time at the beginning of the poll under way.
    poll_began: AtomicU64,
}

impl CpuTime {
    /// As of the last poll's end.
    pub(super) fn spent(&self) -> Duration {
        Duration::from_nanos(self.spent.load(Ordering::Relaxed))
    }

    /// As of now. Only inside of a poll, on its thread.
    pub(super) fn spent_by_now(&self) -> Duration {
        let began = self.poll_began.load(Ordering::Relaxed);
        self.spent() + Duration::from_nanos(thread_time().saturating_sub(began))
    }
}

/// A future whose computing time counts.
pub(super) struct Timed<'a, F> {
    pub(super) time: &'a CpuTime,
    pub(super) future: Pin<&'a mut F>,
}

impl<F: Future> Future for Timed<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let began = thread_time();
        self.time.poll_began.store(began, Ordering::Relaxed);
        let polled = self.future.as_mut().poll(cx);
        // One thread polls at a time, so that this loses nothing.
        self.time.spent.fetch_add(thread_time().saturating_sub(began), Ordering::Relaxed);
        polled
    }
}

/// The computing time of this thread, in nanoseconds.
fn thread_time() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or_default()
}
