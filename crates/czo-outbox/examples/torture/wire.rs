//! What the processes say to the broker, as lines of JSON over TCP.

use std::io;

use czo_core::DomainEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;

/// Something changed for the nth time.
#[derive(Serialize, Deserialize, JsonSchema, czo_core::Event)]
#[event("torture.aggregate.changed", version = 1)]
pub(crate) struct Changed {
    /// What changed; nothing for an event without order.
    pub(crate) aggregate: Option<i32>,
    /// For the how manieth time.
    pub(crate) version: i64,
    /// It is going to be rolled back, and must never arrive.
    pub(crate) doomed: bool,
}

/// Who calls: the first line of a connection.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Caller {
    /// Sends [`Parcel`]s, and gets the number of each once it is recorded.
    Relay,
    /// Gets [`Parcel`]s, and sends the number of each once it is handled.
    Consumer,
    /// Sends how many events it has rolled back.
    Writer,
}

/// An event on its way, with a number to acknowledge it by.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) number: u64,
    pub(crate) event: DomainEvent,
}

/// Sends one line.
pub(crate) async fn send(to: &mut OwnedWriteHalf, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_string(what).map_err(io::Error::other)?;
    line.push('\n');
    to.write_all(line.as_bytes()).await
}

/// Reads a line.
pub(crate) fn read<'l, T: Deserialize<'l>>(line: &'l str) -> io::Result<T> {
    serde_json::from_str(line).map_err(io::Error::other)
}
