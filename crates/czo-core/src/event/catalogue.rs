//! Every event of a program, with its schema (requirement EVT 3).

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use schemars::Schema;
use serde::Serialize;
use thiserror::Error;

use super::{Event, EventType};

/// Every event type that a program knows, with the JSON Schema of its payload.
#[derive(Clone, Debug, Default)]
pub struct EventCatalogue {
    events: BTreeMap<(EventType, NonZeroU32), EventDescriptor>,
}

/// One event type of the [`EventCatalogue`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDescriptor {
    /// The type.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The version of the payload.
    pub version: NonZeroU32,
    /// The domain that publishes it.
    pub producer: String,
    /// The first line of the Rust type's documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The JSON Schema of `data`.
    pub schema: Schema,
}

/// Two domains claim the same event.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{event_type}` version {version} is published by both `{first}` and `{second}`: an event has one producer"
)]
pub struct CatalogueError {
    event_type: EventType,
    version: NonZeroU32,
    first: String,
    second: String,
}

impl EventCatalogue {
    /// Adds the event `E`, published by the domain `producer`.
    ///
    /// # Errors
    ///
    /// When the type and version are there already.
    pub fn add<E: Event>(&mut self, producer: &str) -> Result<(), CatalogueError> {
        self.insert(EventDescriptor::of::<E>(producer))
    }

    /// Adds everything of another catalogue.
    ///
    /// # Errors
    ///
    /// When a type and version are in both.
    pub fn merge(&mut self, other: Self) -> Result<(), CatalogueError> {
        other.events.into_values().try_for_each(|event| self.insert(event))
    }

    /// All events, ordered by type and version.
    pub fn iter(&self) -> impl Iterator<Item = &EventDescriptor> {
        self.events.values()
    }

    /// The newest version of a type.
    #[must_use]
    pub fn latest(&self, event_type: &EventType) -> Option<&EventDescriptor> {
        self.events.values().rfind(|event| event.event_type == *event_type)
    }

    fn insert(&mut self, event: EventDescriptor) -> Result<(), CatalogueError> {
        let key = (event.event_type.clone(), event.version);
        if let Some(first) = self.events.get(&key) {
            return Err(CatalogueError {
                event_type: event.event_type,
                version: event.version,
                first: first.producer.clone(),
                second: event.producer,
            });
        }
        self.events.insert(key, event);
        Ok(())
    }
}

impl EventDescriptor {
    fn of<E: Event>(producer: &str) -> Self {
        let schema = schemars::schema_for!(E);
        let summary = schema
            .get("description")
            .and_then(|text| text.as_str())
            .and_then(|text| text.lines().next())
            .map(str::to_owned);
        Self {
            event_type: E::TYPE,
            version: E::VERSION,
            producer: producer.to_owned(),
            summary,
            schema,
        }
    }
}
