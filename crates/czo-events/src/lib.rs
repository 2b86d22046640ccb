#![doc = include_str!("../README.md")]

mod attempt;
mod dead_letter_box;
mod delivery;
mod dual_write_bus;
mod event_emitter;
mod group_queue;
mod in_process_bus;
mod lanes;
mod listeners;
mod member;
mod parity_ledger;
mod receipt;
mod registry;
mod schema_guard;
mod sync;
mod unhandled;
mod worker;

pub use attempt::attempt;
pub use dual_write_bus::DualWriteBus;
pub use event_emitter::{EmitOptions, EmitReport, Emitted, EventEmitter};
pub use in_process_bus::InProcessBus;
pub use parity_ledger::{GroupParity, ParityLedger, TypeParity, Verdict};
pub use schema_guard::{SchemaError, SchemaGuard};
