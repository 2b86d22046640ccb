//! Tables of the catalog domain.

mod m20261121_000001_products;
mod m20261121_000002_imports;
mod m20261121_000003_thumbnails;

use crate::MigrationSet;

/// The migrations of the catalog domain.
#[must_use]
pub fn catalog() -> MigrationSet {
    MigrationSet::new("catalog", || {
        vec![
            Box::new(m20261121_000001_products::Migration),
            Box::new(m20261121_000002_imports::Migration),
            Box::new(m20261121_000003_thumbnails::Migration),
        ]
    })
}
