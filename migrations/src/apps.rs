//! Tables of the apps: installations, their tokens, secrets and webhooks.

mod m20261130_000001_apps;
mod m20261130_000003_offered;

use crate::MigrationSet;

/// The migrations of the apps.
#[must_use]
pub fn apps() -> MigrationSet {
    MigrationSet::new("apps", || {
        vec![
            Box::new(m20261130_000001_apps::Migration),
            Box::new(m20261130_000003_offered::Migration),
        ]
    })
}
