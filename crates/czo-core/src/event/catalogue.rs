//! Every event of a program, with its schema (requirement EVT 3).

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use schemars::Schema;
use serde::Serialize;
use thiserror::Error;

use super::{Event, EventType, EventVersion};

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
    /// Whether that domain belongs to another program.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub external: bool,
    /// The first line of the Rust type's documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The JSON Schema of `data`.
    pub schema: Schema,
}

/// Two domains claim the same event, or one has two shapes for it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{event_type}` version {version} is added by `{first}` and, differently, by `{second}`: an event has one producer, and a version one shape"
)]
pub struct CatalogueError {
    event_type: EventType,
    version: NonZeroU32,
    first: String,
    second: String,
}

impl EventCatalogue {
    /// Adds the event `E`, published by the domain `producer`, and the older versions it reads.
    /// Adding the same again changes nothing.
    ///
    /// # Errors
    ///
    /// When a type and version are there already, from another producer or, unless that is a
    /// [consumer's copy](Self::add_external), with another schema.
    pub fn add<E: Event>(&mut self, producer: &str) -> Result<(), CatalogueError> {
        self.add_versions::<E>(producer, false)
    }

    /// Makes the event `E` known, which the domain `producer` of another program publishes, so
    /// that it can be subscribed to. Where this program turns out to have the producer, this
    /// changes nothing: the producer's schema counts, and of several copies of consumers, the
    /// first.
    ///
    /// # Errors
    ///
    /// When a type and version are there already, from another producer.
    pub fn add_external<E: Event>(&mut self, producer: &str) -> Result<(), CatalogueError> {
        self.add_versions::<E>(producer, true)
    }

    /// Adds everything of another catalogue.
    ///
    /// # Errors
    ///
    /// When a type and version are in both, from another producer or, of the same producer and
    /// neither [external](EventDescriptor::external), with another schema.
    pub fn merge(&mut self, other: Self) -> Result<(), CatalogueError> {
        other.events.into_values().try_for_each(|event| self.insert(event))
    }

    /// All events, ordered by type and version.
    pub fn iter(&self) -> impl Iterator<Item = &EventDescriptor> {
        self.events.values()
    }

    /// This version of a type.
    #[must_use]
    pub fn get(&self, event_type: &EventType, version: NonZeroU32) -> Option<&EventDescriptor> {
        self.events.get(&(event_type.clone(), version))
    }

    /// The newest version of a type.
    #[must_use]
    pub fn latest(&self, event_type: &EventType) -> Option<&EventDescriptor> {
        self.events.values().rfind(|event| event.event_type == *event_type)
    }

    fn add_versions<E: Event>(
        &mut self,
        producer: &str,
        external: bool,
    ) -> Result<(), CatalogueError> {
        let mut versions = E::versions().into_iter();
        versions.try_for_each(|version| {
            self.insert(EventDescriptor::new(E::TYPE, version, producer, external))
        })
    }

    fn insert(&mut self, event: EventDescriptor) -> Result<(), CatalogueError> {
        let key = (event.event_type.clone(), event.version);
        let Some(first) = self.events.get_mut(&key) else {
            self.events.insert(key, event);
            return Ok(());
        };
        if first.producer == event.producer {
            // A consumer's copy may be worded differently, and shows what the consumer needs.
            if first.external && !event.external {
                *first = event;
                return Ok(());
            }
            if event.external || first.schema == event.schema {
                return Ok(());
            }
        }
        Err(CatalogueError {
            event_type: event.event_type,
            version: event.version,
            first: first.producer.clone(),
            second: event.producer,
        })
    }
}

impl EventDescriptor {
    fn new(event_type: EventType, version: EventVersion, producer: &str, external: bool) -> Self {
        let EventVersion { version, schema } = version;
        let summary = schema
            .get("description")
            .and_then(|text| text.as_str())
            .and_then(|text| text.lines().next())
            .map(str::to_owned);
        Self { event_type, version, producer: producer.to_owned(), external, summary, schema }
    }
}
