//! Tables of the runtime: shops, access tokens and secrets.

mod m20261121_000001_shops_and_tokens;
mod m20261121_000002_secrets;

use crate::MigrationSet;

/// The migrations of the runtime.
#[must_use]
pub fn runtime() -> MigrationSet {
    MigrationSet::new("runtime", || {
        vec![
            Box::new(m20261121_000001_shops_and_tokens::Migration),
            Box::new(m20261121_000002_secrets::Migration),
        ]
    })
}
