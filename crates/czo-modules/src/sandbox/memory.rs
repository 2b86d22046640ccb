//! How much memory an instance may have.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;
use wasmtime::ResourceLimiter;

use super::meter::Meter;
use crate::StopReason;

/// What an element of a table takes.
const TABLE_ELEMENT: u64 = 8;

/// The memory of all instances together, in bytes.
pub(crate) struct MemoryBudget {
    used: AtomicU64,
    limit: u64,
}

/// All instances together have as much memory as they may.
#[derive(Clone, Copy, Debug, Error)]
#[error("the modules use as much memory as the server has for them")]
pub(super) struct OutOfBudget;

impl MemoryBudget {
    pub(crate) fn new(limit_mib: u32) -> Self {
        Self { used: AtomicU64::new(0), limit: u64::from(limit_mib) << 20 }
    }

    fn take(&self, bytes: u64) -> Result<(), OutOfBudget> {
        let used = self.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if used > self.limit {
            self.give_back(bytes);
            return Err(OutOfBudget);
        }
        Ok(())
    }

    fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The memories and tables of one instance, which together stay below one limit.
pub(crate) struct InstanceMemory {
    used: u64,
    limit_mib: u32,
    budget: Arc<MemoryBudget>,
    meter: Meter,
}

impl InstanceMemory {
    pub(super) fn new(limit_mib: u32, budget: Arc<MemoryBudget>, meter: Meter) -> Self {
        Self { used: 0, limit_mib, budget, meter }
    }

    /// Notes for another call what the instance has.
    pub(super) fn begin(&mut self, meter: Meter) {
        meter.use_memory(self.used);
        self.meter = meter;
    }

    fn grow(&mut self, by: u64) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(by);
        if used > u64::from(self.limit_mib) << 20 {
            // Told that there is no more, most guests panic, and nobody sees why.
            return Err(wasmtime::Error::new(StopReason::Memory { limit_mib: self.limit_mib }));
        }
        self.budget.take(by).map_err(wasmtime::Error::new)?;
        self.used = used;
        self.meter.use_memory(used);
        Ok(true)
    }
}

impl Drop for InstanceMemory {
    fn drop(&mut self) {
        self.budget.give_back(self.used);
    }
}

impl ResourceLimiter for InstanceMemory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.grow(desired.saturating_sub(current) as u64)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.grow((desired.saturating_sub(current) as u64).saturating_mul(TABLE_ELEMENT))
    }
}
