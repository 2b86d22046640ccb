//! Tables of the modules: what is installed, what they keep by key, and what is being changed.

mod m20261130_000003_modules;
mod m20261130_000004_module_data;

use crate::MigrationSet;

/// The migrations of the modules. The tables that modules make for themselves are not among them:
/// their names start with `mod_`.
#[must_use]
pub fn modules() -> MigrationSet {
    MigrationSet::new("modules", || {
        vec![
            Box::new(m20261130_000003_modules::Migration),
            Box::new(m20261130_000004_module_data::Migration),
        ]
    })
}
