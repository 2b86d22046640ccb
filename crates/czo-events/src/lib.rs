#![doc = include_str!("../README.md")]

mod dead_letter_box;
mod delivery;
mod group_queue;
mod in_process_bus;
mod lanes;
mod member;
mod registry;
mod unhandled;
mod worker;

pub use in_process_bus::InProcessBus;
