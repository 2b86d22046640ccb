#![doc = include_str!("../README.md")]

mod in_process_bus;
mod subscriber;

pub use in_process_bus::InProcessBus;
