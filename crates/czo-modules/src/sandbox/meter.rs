//! What one call uses. It outlives the call's instance, which a timeout drops in the middle.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::cpu::{CpuTime, Timed};

/// How much is kept of what a component writes to its standard output and error, and of the errors it
/// logs: the end, where a panic says what it was.
const OUTPUT: usize = 4 << 10;

/// What one call uses. A clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Meter(Arc<Inner>);

#[derive(Default)]
struct Inner {
    cpu: CpuTime,
    peak_memory: AtomicU64,
    omitted_lines: AtomicU32,
    output: Mutex<Vec<u8>>,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Does the work of the call.
    pub(super) async fn measure<F: Future>(&self, work: F) -> F::Output {
        Timed { time: &self.0.cpu, future: pin!(work) }.await
    }

    /// The computing time until now. Only from within [`measure`](Self::measure).
    pub(super) fn cpu_by_now(&self) -> Duration {
        self.0.cpu.spent_by_now()
    }

    /// The computing time of all polls.
    pub(super) fn cpu(&self) -> Duration {
        self.0.cpu.spent()
    }

    /// Notes that so much memory is in use, in bytes.
    pub(super) fn use_memory(&self, bytes: u64) {
        self.0.peak_memory.fetch_max(bytes, Ordering::Relaxed);
    }

    /// The most memory that was in use, in bytes.
    pub(super) fn peak_memory(&self) -> u64 {
        self.0.peak_memory.load(Ordering::Relaxed)
    }

    /// Counts a line of the log that is left out.
    pub(crate) fn omit_line(&self) {
        self.0.omitted_lines.fetch_add(1, Ordering::Relaxed);
    }

    /// How many lines were left out since it was last asked.
    pub(super) fn take_omitted_lines(&self) -> u32 {
        self.0.omitted_lines.swap(0, Ordering::Relaxed)
    }

    /// Notes what the component wrote to its standard output or error, or as an error to the log.
    pub(crate) fn write_output(&self, bytes: &[u8]) {
        let bytes = bytes.get(bytes.len().saturating_sub(OUTPUT)..).unwrap_or(bytes);
        let mut output = self.0.output.lock().unwrap_or_else(PoisonError::into_inner);
        let surplus = (output.len() + bytes.len()).saturating_sub(OUTPUT);
        output.drain(..surplus);
        output.extend_from_slice(bytes);
    }

    /// The end of what it wrote.
    pub(super) fn output(&self) -> String {
        let output = self.0.output.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&output).trim().to_owned()
    }
}
