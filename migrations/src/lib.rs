#![doc = include_str!("../README.md")]

mod catalog;
mod migrator;
mod runtime;
mod set;

pub use catalog::catalog;
pub use migrator::{MigrationError, MigrationState, Migrator};
pub use runtime::runtime;
pub use sea_orm_migration;
pub use set::MigrationSet;
