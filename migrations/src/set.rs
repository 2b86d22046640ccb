//! The migrations of one owner.

use std::fmt;

use sea_orm_migration::MigrationTrait;

/// The migrations of one owner, oldest first.
#[derive(Clone, Copy)]
pub struct MigrationSet {
    owner: &'static str,
    migrations: fn() -> Vec<Box<dyn MigrationTrait>>,
}

impl MigrationSet {
    /// The migrations that `list` gives, owned by the domain `owner`.
    #[must_use]
    pub const fn new(owner: &'static str, list: fn() -> Vec<Box<dyn MigrationTrait>>) -> Self {
        Self { owner, migrations: list }
    }

    /// Whose migrations they are.
    #[must_use]
    pub const fn owner(&self) -> &'static str {
        self.owner
    }

    pub(crate) fn list(&self) -> Vec<Box<dyn MigrationTrait>> {
        (self.migrations)()
    }
}

impl fmt::Debug for MigrationSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MigrationSet").field("owner", &self.owner).finish_non_exhaustive()
    }
}
