#![doc = include_str!("../README.md")]

mod group_queue;
mod in_process_bus;
mod registry;
mod schema_guard;
mod unhandled;
mod worker;

pub use in_process_bus::InProcessBus;
pub use schema_guard::{SchemaError, SchemaGuard};
