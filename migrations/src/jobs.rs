//! Tables of background jobs.

mod m20261121_000001_jobs;

use crate::MigrationSet;

/// The migrations of background jobs.
#[must_use]
pub fn jobs() -> MigrationSet {
    MigrationSet::new("jobs", || vec![Box::new(m20261121_000001_jobs::Migration)])
}
