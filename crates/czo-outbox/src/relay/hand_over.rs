//! Handing one event over.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use czo_core::{Audience, BusError, DomainEvent, EventBus, Settlement};

use futures_util::FutureExt;

use super::lanes::Flight;

/// Why the bus has not taken an event.
#[derive(Debug)]
pub(super) enum HandOverError {
    /// What lies in the table is no event, or for no group.
    Unreadable(String),
    /// The bus says so.
    Bus(BusError),
}

/// Hands an event over, and gives it back with what the bus said.
pub(super) async fn hand_over(
    bus: Arc<dyn EventBus>,
    flight: Flight,
) -> (Flight, Result<Settlement, HandOverError>) {
    let outcome = match read(&flight) {
        Ok((event, audience)) => {
            let relay = AssertUnwindSafe(bus.relay(event, &audience)).catch_unwind();
            match relay.await {
                Ok(taken) => taken.map_err(HandOverError::Bus),
                Err(_) => Err(HandOverError::Unreadable("the bus panicked over it".to_owned())),
            }
        }
        Err(reason) => Err(HandOverError::Unreadable(reason)),
    };
    (flight, outcome)
}

fn read(flight: &Flight) -> Result<(DomainEvent, Audience), String> {
    let event = serde_json::from_str(&flight.row.event);
    let event = event.map_err(|error| format!("it cannot be read as an event: {error}"))?;
    let audience = match &flight.row.group {
        None => Audience::Everyone,
        Some(group) => Audience::Group(group.parse().map_err(|error| format!("{error}"))?),
    };
    Ok((event, audience))
}
