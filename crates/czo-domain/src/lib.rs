#![doc = include_str!("../README.md")]

mod context;
mod domain;
mod events;
mod jobs;
mod registration;

pub use context::DomainContext;
pub use czo_migrations::MigrationSet;
pub use domain::{Domain, DomainError, DomainName};
pub use events::{DomainEvents, EventOutlet};
pub use jobs::{DomainJobs, PendingJob, PendingSchedule};
pub use registration::{Parts, PendingSubscription, Registration};
