//! Tables of webhooks: deliveries on their way, the log, attempts and the state of endpoints.

mod m20261130_000002_webhooks;
mod m20261130_000004_log_of_apps;

use crate::MigrationSet;

/// The migrations of the deliveries of webhooks.
#[must_use]
pub fn webhooks() -> MigrationSet {
    MigrationSet::new("webhooks", || {
        vec![
            Box::new(m20261130_000002_webhooks::Migration),
            Box::new(m20261130_000004_log_of_apps::Migration),
        ]
    })
}
