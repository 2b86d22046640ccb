//! Events: what happened, in an envelope that every transport carries unchanged.

mod catalogue;
mod domain_event;
mod event_type;
mod factory;
mod legacy_name;
mod system;
mod topic_pattern;
mod topic_trie;

use std::num::NonZeroU32;

use schemars::Schema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use catalogue::{CatalogueError, EventCatalogue, EventDescriptor};
pub use domain_event::{DomainEvent, EventError, EventMetadata};
pub use event_type::{EventType, EventTypeError};
pub use factory::EventFactory;
pub use legacy_name::LegacyNameError;
pub use system::{ConfigUpdated, MaintenanceStarted, SYSTEM_PRODUCER, ShutdownStarted};
pub use topic_pattern::{TopicPattern, TopicPatternError};
pub use topic_trie::TopicTrie;

/// The payload of one type of event. Derive it.
///
/// An event is something that happened, named in the past tense. It carries ids and facts, and
/// neither secrets nor personal data: it is copied to brokers, logs and third parties.
///
/// ```
/// use czo_core::Event;
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// /// A customer wrote a review.
/// #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
/// #[event("review.item.created", version = 1)]
/// #[serde(rename_all = "camelCase")]
/// struct ReviewCreated {
///     review_id: String,
///     stars: u8,
/// }
///
/// assert_eq!(ReviewCreated::TYPE.as_str(), "review.item.created");
/// ```
///
/// # Versions
///
/// **A new optional field keeps the version** (`Option`, or `#[serde(default)]`): readers tolerate
/// what they don't know and do without what is absent. **Anything else is a new version**: a field
/// that goes, gets another name or type, or that must be there. `cargo xtask check --only events`
/// compares with the committed schemas and says which it is.
///
/// A new version is a new Rust type; the old one stays, is named by `from`, and is converted by
/// [`From`]. Whoever asks for the new version then reads events of all older ones too, which
/// brokers and logs keep for long. `from` may itself have a `from`.
///
/// ```
/// # use std::sync::Arc;
/// # use czo_core::{Event, EventFactory, RequestContext, SystemClock, SystemIds};
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// /// A customer wrote a review.
/// #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// #[event("review.item.created", version = 1)]
/// struct ReviewCreatedV1 {
///     stars: u8,
/// }
///
/// /// A customer wrote a review.
/// #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// #[event("review.item.created", version = 2, from = ReviewCreatedV1)]
/// struct ReviewCreated {
///     percent: u8,
/// }
///
/// impl From<ReviewCreatedV1> for ReviewCreated {
///     fn from(old: ReviewCreatedV1) -> Self {
///         Self { percent: old.stars * 20 }
///     }
/// }
///
/// # let events = EventFactory::new("reviews", Arc::new(SystemClock), Arc::new(SystemIds));
/// # let ctx = RequestContext::system(&SystemIds);
/// let old = events.event(&ctx, &ReviewCreatedV1 { stars: 4 })?;
/// assert_eq!(old.decode::<ReviewCreated>()?.percent, 80);
/// # Ok::<(), czo_core::EventError>(())
/// ```
///
/// # Aggregate key
///
/// `key` names the Rust field that says what the event is about. The outbox publishes events of
/// one key in the order of their commits (requirement OUT 1); events of different keys, and those
/// without one, have no order among each other. The field is looked for while compiling.
///
/// ```
/// # use czo_core::Event;
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// /// A customer wrote a review.
/// #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// #[event("review.item.created", version = 1, key = "product_id")]
/// #[serde(rename_all = "camelCase")]
/// struct ReviewCreated {
///     product_id: String,
///     stars: u8,
/// }
///
/// let review = ReviewCreated { product_id: "prod_1".to_owned(), stars: 4 };
/// assert_eq!(review.aggregate_key().as_deref(), Some("prod_1"));
/// ```
pub trait Event:
    Serialize + DeserializeOwned + schemars::JsonSchema + Send + Sync + 'static
{
    /// The type, `<domain>.<entity>.<action>`. One Rust type has one event type.
    const TYPE: EventType;

    /// The version of the payload's shape. It grows when a reader of the old shape could not
    /// read the new one.
    const VERSION: NonZeroU32;

    /// Reads `data` of this `version`, converting an older one; `None` when the version is not
    /// known. [`DomainEvent::decode`] is how to call it.
    #[must_use]
    fn read(version: NonZeroU32, data: &Value) -> Option<Result<Self, serde_json::Error>> {
        (version == Self::VERSION).then(|| Self::deserialize(data))
    }

    /// Every version that [`read`](Self::read) knows, oldest first.
    #[must_use]
    fn versions() -> Vec<EventVersion> {
        vec![EventVersion::of::<Self>()]
    }

    /// What the event is about: events of one key are published in the order of their commits by
    /// the outbox. Keys are compared as text, across types of events. Default none.
    #[must_use]
    fn aggregate_key(&self) -> Option<String> {
        None
    }
}

/// One version of an event that a program can read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EventVersion {
    /// The version.
    pub version: NonZeroU32,
    /// The JSON Schema of `data`.
    pub schema: Schema,
}

impl EventVersion {
    /// The version of `E` itself.
    #[must_use]
    pub fn of<E: Event>() -> Self {
        Self { version: E::VERSION, schema: schemars::schema_for!(E) }
    }
}

/// Whether two types are one, for the derive to say while compiling.
#[doc(hidden)]
pub const fn is_same_type(one: &EventType, other: &EventType) -> bool {
    let (one, other) = (one.as_str().as_bytes(), other.as_str().as_bytes());
    let mut same = one.len() == other.len();
    let mut place = 0;
    while same && place < one.len() {
        same = one[place] == other[place];
        place += 1;
    }
    same
}
