//! What happens to the system itself (requirement EVT 11).
//!
//! The requirement's names have two segments, and the wire format demands three:
//!
//! | there | here |
//! |---|---|
//! | `config.updated` | `system.config.updated` |
//! | `maintenance.start` | `system.maintenance.started` |
//! | `shutdown.graceful` | `system.shutdown.started` |

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CatalogueError, EventCatalogue};
use crate::Event;

/// The producer and the source of the events of the system.
pub const SYSTEM_PRODUCER: &str = "system";

/// Settings of a running program were changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event("system.config.updated", version = 1)]
#[serde(rename_all = "camelCase")]
pub struct ConfigUpdated {
    /// The settings, such as `log.filter`; never their values, which may be secrets.
    pub settings: Vec<String>,
}

/// Maintenance begins: who can, puts off what is not urgent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event("system.maintenance.started", version = 1)]
#[serde(rename_all = "camelCase")]
pub struct MaintenanceStarted {
    /// What is done, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it is expected to be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// A process takes no more requests and ends when what is under way is finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event("system.shutdown.started", version = 1)]
#[serde(rename_all = "camelCase")]
pub struct ShutdownStarted {
    /// The domains that the process serves.
    pub domains: Vec<String>,
    /// How long it will take at most, in seconds.
    pub drain_seconds: u64,
}

impl EventCatalogue {
    /// Adds the events of the system, published by [`SYSTEM_PRODUCER`].
    ///
    /// # Errors
    ///
    /// When one of them is there already, from another producer.
    pub fn add_system(&mut self) -> Result<(), CatalogueError> {
        self.add::<ConfigUpdated>(SYSTEM_PRODUCER)?;
        self.add::<MaintenanceStarted>(SYSTEM_PRODUCER)?;
        self.add::<ShutdownStarted>(SYSTEM_PRODUCER)
    }
}
