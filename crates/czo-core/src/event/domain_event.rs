//! The envelope and its wire format (requirement EVT 5).

use std::num::NonZeroU32;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Event, EventType};
use crate::{
    Actor, ActorId, ActorType, Classified, CorrelationId, ErrorKind, EventId, RequestContext,
    ShopId,
};

/// One thing that happened, in the envelope every transport carries unchanged.
///
/// The JSON of this type *is* the wire format. Readers tolerate fields they don't know; absent
/// optional fields are omitted and never `null`; the timestamp is RFC 3339 in UTC, ending in `Z`.
///
/// ```json
/// { "id": "0193…", "type": "product.item.created", "version": 1,
///   "timestamp": "2026-11-21T12:00:00.123456Z", "source": "catalog",
///   "correlationId": "0193…", "data": { "productId": "prod_01jd…" },
///   "metadata": { "shopId": "shop_01jd…", "actorId": "act_01jd…", "actorType": "user" } }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainEvent {
    /// Identifies this event for ever: handlers are idempotent by it. A bare UUID on the wire.
    #[serde(with = "bare_uuid")]
    pub id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The version of the shape of `data`.
    pub version: NonZeroU32,
    /// When it happened, to the microsecond.
    #[serde(with = "utc_timestamp")]
    pub timestamp: DateTime<Utc>,
    /// The domain or service that says so.
    pub source: String,
    /// The request that caused it.
    #[serde(with = "correlation")]
    pub correlation_id: CorrelationId,
    /// The payload, shaped by `event_type` and `version`.
    pub data: serde_json::Value,
    /// For whom and by whom.
    pub metadata: EventMetadata,
}

/// For whom and by whom something happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventMetadata {
    /// The shop it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop_id: Option<ShopId>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<ActorId>,
    /// What kind of actor did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_type: Option<ActorType>,
}

/// A payload and its envelope do not fit.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EventError {
    /// The payload has no JSON form (a map with keys that are not text, for example).
    #[error("the payload of `{event_type}` cannot be written as JSON")]
    Encode {
        /// The type of the event.
        event_type: EventType,
        /// What serde said.
        source: serde_json::Error,
    },
    /// The program does not list the event among those it publishes.
    #[error(
        "`{event_type}` version {version} is not among the events of the program: add it in `Domain::events` with `catalogue.add`"
    )]
    Unlisted {
        /// The type of the event.
        event_type: EventType,
        /// Its version.
        version: NonZeroU32,
    },
    /// The event is of another type than the one asked for, or of a version that its reader does
    /// not know: a newer one, or one that no `from` leads to.
    #[error("expected `{expected}` version {expected_version}, got `{actual}` version {version}")]
    Mismatch {
        /// The type asked for.
        expected: EventType,
        /// The version asked for.
        expected_version: NonZeroU32,
        /// The event's type.
        actual: EventType,
        /// The event's version.
        version: NonZeroU32,
    },
    /// `data` is not of the shape that the type and version promise.
    #[error("the data of event {id} is not a `{event_type}` version {version}")]
    Decode {
        /// The event.
        id: EventId,
        /// Its type.
        event_type: EventType,
        /// Its version.
        version: NonZeroU32,
        /// What serde said, with line and column.
        source: serde_json::Error,
    },
}

impl Classified for EventError {
    /// Trying again gives the same.
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

impl DomainEvent {
    /// Reads the payload as `E`, also that of an older version which `E` has an upcaster for.
    ///
    /// # Errors
    ///
    /// [`EventError::Mismatch`] when the event is of another type or of a version that `E` does
    /// not know, such as a newer one; [`EventError::Decode`] when its data has another shape.
    pub fn decode<E: Event>(&self) -> Result<E, EventError> {
        let same_type = self.event_type == E::TYPE;
        let read = same_type.then(|| E::read(self.version, &self.data)).flatten();
        let Some(read) = read else {
            return Err(EventError::Mismatch {
                expected: E::TYPE,
                expected_version: E::VERSION,
                actual: self.event_type.clone(),
                version: self.version,
            });
        };
        read.map_err(|source| EventError::Decode {
            id: self.id,
            event_type: self.event_type.clone(),
            version: self.version,
            source,
        })
    }

    /// The context for work that this event causes: the same correlation id and shop, done by
    /// the system.
    #[must_use]
    pub fn context(&self) -> RequestContext {
        RequestContext {
            correlation_id: self.correlation_id.clone(),
            shop_id: self.metadata.shop_id,
            actor: Actor::System,
        }
    }
}

mod bare_uuid {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use uuid::Uuid;

    use crate::EventId;

    pub(super) fn serialize<S: Serializer>(id: &EventId, serializer: S) -> Result<S::Ok, S::Error> {
        id.uuid().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<EventId, D::Error> {
        Uuid::deserialize(deserializer).map(EventId::from)
    }
}

mod correlation {
    use serde::{Deserializer, Serializer};

    use crate::CorrelationId;

    pub(super) fn serialize<S: Serializer>(
        id: &CorrelationId,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<CorrelationId, D::Error> {
        crate::text::deserialize(deserializer)
    }
}

mod utc_timestamp {
    use chrono::{DateTime, SecondsFormat, Utc};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        at: &DateTime<Utc>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DateTime<Utc>, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .ok()
            .filter(|_| text.ends_with('Z'))
            .map(|at| at.with_timezone(&Utc))
            .ok_or_else(|| {
                Error::custom(format_args!(
                    "expected an RFC 3339 timestamp ending in Z, got `{text}`"
                ))
            })
    }
}
