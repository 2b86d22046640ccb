//! The name of what happened.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use crate::text::is_segments;

/// The longest type, in bytes: a routing key of AMQP 0-9-1 is a short string.
const MAX_LEN: usize = 255;

/// The name of an event, `<domain>.<entity>.<action>`, each segment `[a-z][a-z0-9_]*`, 255 bytes
/// at most (requirement EVT 5). It is the routing key on a broker.
///
/// ```
/// use czo_core::EventType;
///
/// const CREATED: EventType = EventType::from_static("product.item.created");
/// assert_eq!(CREATED.domain(), "product");
/// assert!("product:created".parse::<EventType>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct EventType(Cow<'static, str>);

/// Text that is not an event type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not an event type: expected `<domain>.<entity>.<action>` with segments of a-z, 0-9 and _, each starting with a letter, {MAX_LEN} bytes at most"
)]
pub struct EventTypeError {
    text: String,
}

impl EventType {
    /// The type named by a literal.
    ///
    /// # Panics
    ///
    /// If the text is not an event type. In a constant that is an error of compilation.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        assert!(is_valid(text.as_bytes()), "an event type is `<domain>.<entity>.<action>`");
        Self(Cow::Borrowed(text))
    }

    /// The whole name.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        match &self.0 {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => text.as_str(),
        }
    }

    /// The first segment: whose event it is.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// The three segments in order.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }
}

const fn is_valid(text: &[u8]) -> bool {
    text.len() <= MAX_LEN && is_segments(text, 3)
}

impl FromStr for EventType {
    type Err = EventTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_valid(text.as_bytes()) {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(EventTypeError { text: text.chars().take(MAX_LEN).collect() })
        }
    }
}

/// The text, which is not copied where it is that of a literal.
impl From<EventType> for Cow<'static, str> {
    fn from(event_type: EventType) -> Self {
        event_type.0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn three_segments_of_the_alphabet_are_an_event_type(
            text in "[a-z][a-z0-9_]{0,9}\\.[a-z][a-z0-9_]{0,9}\\.[a-z][a-z0-9_]{0,9}"
        ) {
            let event_type: EventType = text.parse().unwrap();
            prop_assert_eq!(event_type.as_str(), &text);
        }
    }

    #[test]
    fn what_is_not_three_segments_of_the_alphabet_is_refused() {
        for text in [
            "", ".", "a.b", "a.b.c.d", "a..c", ".b.c", "a.b.", "A.b.c", "a.1b.c", "a._b.c",
            "a.b.ç", "a.b.c ", "a.*.c",
        ] {
            assert!(text.parse::<EventType>().is_err(), "{text:?}");
        }
        assert!(format!("a.b.{}", "c".repeat(252)).parse::<EventType>().is_err());
        assert!(format!("a.b.{}", "c".repeat(251)).parse::<EventType>().is_ok());
    }
}
