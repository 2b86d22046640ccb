//! Whether one bus may take over from the other.

use std::fmt;

use serde::Serialize;

use super::ParityLedger;

/// Whether the second bus may take over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Verdict {
    /// How many events the first bus was given, and the second was to be.
    pub events: u64,
    /// What speaks against it; nothing if it may.
    pub objections: Vec<String>,
}

impl Verdict {
    /// Whether it may.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.objections.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_ready() {
            return write!(f, "ready for the cut-over: {} events, no divergence", self.events);
        }
        write!(f, "not ready for the cut-over: {}", self.objections.join("; "))
    }
}

impl ParityLedger {
    /// Whether the second bus may take over, once it has seen `least` events, and one at least: it
    /// took every event, and brought it wherever the first bus did.
    #[must_use]
    pub fn verdict(&self, least: u64) -> Verdict {
        let (types, groups) = (self.types(), self.groups());
        let events = types.values().map(|row| row.published).sum();
        let mut objections = Vec::new();
        let least = least.max(1);
        if events < least {
            objections.push(format!("published were {events} events of at least {least}"));
        }
        for (event_type, row) in types {
            if row.missing > 0 {
                objections.push(format!("{} of `{event_type}` are missing", row.missing));
            }
            if row.unfollowed > 0 {
                let (count, too_many) = (row.unfollowed, "waited too long to be followed");
                objections.push(format!("{count} of `{event_type}` {too_many}"));
            }
            if row.waiting() > 0 {
                objections.push(format!("{} of `{event_type}` wait for the broker", row.waiting()));
            }
        }
        for (group, row) in groups {
            if !row.is_compared {
                objections.push(format!("the broker does not listen for group `{group}` yet"));
            }
            let counts = [
                (row.only_local, "arrived on the local bus only"),
                (row.only_broker, "arrived on the broker only"),
                (row.on_their_way, "arrived nowhere yet"),
                (row.unfollowed, "were too many to follow"),
            ];
            for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
                objections.push(format!("{count} events of group `{group}` {what}"));
            }
        }
        Verdict { events, objections }
    }
}
