//! The log of a server, written as JSON.

use serde_json::Value;

/// An event that went through the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) correlation_id: String,
}

/// The events in a log, in order.
pub(crate) fn events(log: &str) -> Vec<Event> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    lines
        .filter(|line| line["message"] == "event")
        .filter_map(|line| {
            Some(Event {
                id: text(&line["event.id"])?,
                kind: text(&line["event.type"])?,
                correlation_id: text(&line["correlation_id"])?,
            })
        })
        .collect()
}
