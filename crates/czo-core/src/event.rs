//! Events: what happened, in an envelope that every transport carries unchanged.

mod catalogue;
mod domain_event;
mod event_type;
mod factory;
mod topic_pattern;
mod topic_trie;

use std::num::NonZeroU32;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use catalogue::{CatalogueError, EventCatalogue, EventDescriptor};
pub use domain_event::{DomainEvent, EventError, EventMetadata};
pub use event_type::{EventType, EventTypeError};
pub use factory::EventFactory;
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
pub trait Event:
    Serialize + DeserializeOwned + schemars::JsonSchema + Send + Sync + 'static
{
    /// The type, `<domain>.<entity>.<action>`. One Rust type has one event type.
    const TYPE: EventType;

    /// The version of the payload's shape. It grows when a reader of the old shape could not
    /// read the new one.
    const VERSION: NonZeroU32;
}
