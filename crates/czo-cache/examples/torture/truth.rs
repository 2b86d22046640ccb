//! What the database has: the truth that every read is held against.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many rows there are.
pub(crate) const ROWS: usize = 400;

/// Rows that have a version each, and when each version was there.
#[derive(Debug)]
pub(crate) struct Truth {
    rows: Vec<Mutex<Row>>,
}

#[derive(Debug, Default)]
struct Row {
    /// When each version but the last was replaced, and by which node that was told.
    replaced: Vec<Replaced>,
}

/// The end of a version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replaced {
    /// When the next version was committed.
    pub(crate) at: Instant,
    /// By which node.
    pub(crate) by: usize,
    /// When the invalidation had returned there.
    pub(crate) told_at: Option<Instant>,
}

impl Truth {
    pub(crate) fn new() -> Self {
        Self { rows: std::iter::repeat_with(Mutex::default).take(ROWS).collect() }
    }

    /// The version of a row, from 1 on.
    pub(crate) fn read(&self, row: usize) -> u64 {
        self.row(row).version()
    }

    /// Commits the next version of a row; returns it.
    pub(crate) fn write(&self, row: usize, by: usize) -> u64 {
        let mut row = self.row(row);
        row.replaced.push(Replaced { at: Instant::now(), by, told_at: None });
        row.version()
    }

    /// Notes that the invalidation of what was before this version has returned.
    pub(crate) fn told(&self, row: usize, version: u64) {
        let mut row = self.row(row);
        let place = usize::try_from(version).unwrap_or_default().saturating_sub(2);
        if let Some(replaced) = row.replaced.get_mut(place) {
            replaced.told_at = Some(Instant::now());
        }
    }

    /// All ends of versions from this one on: the first is its own.
    pub(crate) fn since(&self, row: usize, version: u64) -> Vec<Replaced> {
        let place = usize::try_from(version).unwrap_or_default().saturating_sub(1);
        self.row(row).replaced.get(place..).unwrap_or_default().to_vec()
    }

    fn row(&self, row: usize) -> MutexGuard<'_, Row> {
        self.rows[row].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Row {
    fn version(&self) -> u64 {
        u64::try_from(self.replaced.len()).unwrap_or_default() + 1
    }
}

/// How stale a read was that began then: how long ago what it got had been replaced.
pub(crate) fn staleness(replaced: &[Replaced], began: Instant) -> Duration {
    replaced.first().map_or(Duration::ZERO, |first| began.saturating_duration_since(first.at))
}
