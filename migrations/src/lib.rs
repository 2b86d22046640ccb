#![doc = include_str!("../README.md")]
#![expect(
    elided_lifetimes_in_paths,
    reason = "sea-orm-migration's trait elides them, and async_trait wants the same of the impl"
)]

mod apps;
mod catalog;
mod jobs;
mod migrator;
mod modules;
mod outbox;
mod runtime;
mod set;
mod webhooks;

pub use apps::apps;
pub use catalog::catalog;
pub use jobs::jobs;
pub use migrator::{MigrationError, MigrationState, Migrator};
pub use modules::modules;
pub use outbox::outbox;
pub use runtime::runtime;
pub use sea_orm_migration;
pub use set::MigrationSet;
pub use webhooks::webhooks;
