#![doc = include_str!("../README.md")]

mod context;
mod domain;
mod registration;

pub use context::DomainContext;
pub use czo_migrations::MigrationSet;
pub use domain::{Domain, DomainError, DomainName};
pub use registration::{Parts, PendingSubscription, Registration};
