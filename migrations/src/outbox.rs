//! Tables of the outbox: events on their way, those given up, the log, leases and the inbox.

mod m20261121_000001_outbox;
mod m20261130_000001_outbox_mirror;

use crate::MigrationSet;

/// The migrations of the outbox and the inbox.
#[must_use]
pub fn outbox() -> MigrationSet {
    MigrationSet::new("outbox", || {
        vec![
            Box::new(m20261121_000001_outbox::Migration),
            Box::new(m20261130_000001_outbox_mirror::Migration),
        ]
    })
}
