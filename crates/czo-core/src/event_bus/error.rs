//! Why a bus did not do as asked.

use thiserror::Error;

use super::Group;
use crate::{Classified, ErrorKind, EventType};

/// Why a bus did not do as asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BusError {
    /// The bus has been shut down.
    #[error("the event bus is shut down")]
    Closed,
    /// A group is so far behind that it takes no more for now. It did not get the event; the
    /// others did. When several groups did not, this is one of them.
    #[error("group `{group}` is {waiting} events behind and takes no more for now")]
    Overloaded {
        /// The group that is behind.
        group: Group,
        /// How many of its events wait.
        waiting: usize,
    },
    /// An event was for one group, which nobody serves; nobody got it.
    #[error("nobody serves group `{group}`")]
    UnknownGroup {
        /// The group.
        group: Group,
    },
    /// The bus never takes this event, however often it is asked.
    #[error("the event bus does not take the event: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// Nobody is there for an event, and the bus was told to take none of these.
    #[error("no group is there for `{event_type}`: nobody would get it")]
    Unroutable {
        /// The type of the event.
        event_type: EventType,
    },
    /// A group can't be served as it was asked for.
    #[error("group `{group}` can't be served like this: {reason}")]
    Conflict {
        /// The group.
        group: Group,
        /// What is in the way, and what to do.
        reason: String,
    },
    /// What the bus needs is out of reach. Whether it has the event is unknown.
    #[error("the event bus is out of reach: {reason}")]
    Unavailable {
        /// What went wrong, with its causes.
        reason: String,
    },
    /// Draining took longer than the caller would wait.
    #[error("{left} events were not handled before the deadline")]
    DrainTimedOut {
        /// How many events were left behind.
        left: usize,
    },
}

impl Classified for BusError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownGroup { .. } | Self::Unroutable { .. } => ErrorKind::NotFound,
            Self::Refused { .. } => ErrorKind::Invalid,
            Self::Conflict { .. } => ErrorKind::Conflict,
            Self::Closed
            | Self::Overloaded { .. }
            | Self::Unavailable { .. }
            | Self::DrainTimedOut { .. } => ErrorKind::Unavailable,
        }
    }

    fn is_retryable(&self) -> bool {
        matches!(self, Self::Overloaded { .. } | Self::Unavailable { .. })
    }
}
