#![doc = include_str!("../README.md")]

mod database;
mod error;
mod options;
mod page;

pub use database::{Database, DatabaseHealth};
pub use error::{DatabaseError, UniqueViolation};
pub use options::{DatabaseOptions, DatabaseUrl, DatabaseUrlError};
pub use page::{PageArguments, PageError, PageRequest};
