//! Tables of the runtime: shops and access tokens.

mod m20261121_000001_shops_and_tokens;

use crate::MigrationSet;

/// The migrations of the runtime.
#[must_use]
pub fn runtime() -> MigrationSet {
    MigrationSet::new("runtime", || vec![Box::new(m20261121_000001_shops_and_tokens::Migration)])
}
