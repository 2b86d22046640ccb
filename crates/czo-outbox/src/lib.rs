#![doc = include_str!("../README.md")]

mod abandon;
mod error;
mod event_log;
mod inbox;
mod outbox;
mod parked;
mod partition;
mod relay;
mod staged;
mod status;
mod store;
mod wake;
mod with_staged;

pub use error::OutboxError;
pub use event_log::{EventLog, LogFilter, Replay, ReplayTarget};
pub use inbox::{Inbox, OnceHandler, once_fn};
pub use outbox::{Outbox, OutboxOptions};
pub use parked::{Parked, ParkedEvent, ParkedFilter};
pub use relay::{Relay, RelayHandle, RelayHealth, RelayOptions};
pub use staged::StagedEvent;
pub use status::OutboxStatus;
pub use with_staged::WithStaged;
