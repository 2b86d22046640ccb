//! Tables of the catalog domain.

mod m20261121_000001_products;

use crate::MigrationSet;

/// The migrations of the catalog domain.
#[must_use]
pub fn catalog() -> MigrationSet {
    MigrationSet::new("catalog", || vec![Box::new(m20261121_000001_products::Migration)])
}
