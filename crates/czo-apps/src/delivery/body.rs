//! What is sent.

use chrono::SecondsFormat;
use czo_core::DomainEvent;
use serde::Serialize;

/// The body of a message, as Standard Webhooks has it: what happened, when, and as `data` the whole
/// event as it is on the wire, with its id, its version, its shop and its own data. So a receiver
/// finds under `data` what it would find anywhere else, and the shop is under the signature.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    event_type: &'a str,
    timestamp: String,
    data: &'a DomainEvent,
}

/// The text of the body. It is made once, in the transaction, and sent as it is.
pub(super) fn of(event: &DomainEvent) -> String {
    let body = Body {
        event_type: event.event_type.as_str(),
        timestamp: event.timestamp.to_rfc3339_opts(SecondsFormat::Micros, true),
        data: event,
    };
    serde_json::to_string(&body).expect("texts, numbers, times and a JSON value have a JSON form")
}
