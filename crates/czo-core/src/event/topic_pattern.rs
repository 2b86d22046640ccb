//! Which events a subscription wants.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::EventType;

/// Which events a subscription wants, by the rules of an AMQP 0-9-1 topic exchange: words
/// separated by dots, where `*` stands for exactly one word and `#` for zero or more.
///
/// ```
/// use czo_core::{EventType, TopicPattern};
///
/// let pattern: TopicPattern = "product.#".parse()?;
/// assert!(pattern.matches(&EventType::from_static("product.item.created")));
/// assert!(!pattern.matches(&EventType::from_static("order.item.created")));
/// # Ok::<(), czo_core::TopicPatternError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TopicPattern {
    text: String,
    words: Vec<Word>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Word {
    Literal(String),
    AnyOne,
    AnyNumber,
}

/// Text that is not a topic pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not a topic pattern: expected words of a-z, 0-9 and _, `*` (one word) or `#` (any number of words), separated by dots, 255 bytes at most"
)]
pub struct TopicPatternError {
    text: String,
}

impl TopicPattern {
    /// The pattern that wants every event.
    #[must_use]
    pub fn all() -> Self {
        Self { text: "#".to_owned(), words: vec![Word::AnyNumber] }
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn words(&self) -> &[Word] {
        &self.words
    }

    /// Whether an event of this type is wanted.
    #[must_use]
    pub fn matches(&self, event_type: &EventType) -> bool {
        // Most patterns are a type or everything.
        if self.words.iter().all(|word| matches!(word, Word::Literal(_))) {
            return self.text == event_type.as_str();
        }
        if self.words == [Word::AnyNumber] {
            return true;
        }
        // `live[i]`: the words of the pattern before `i` can stand for the segments read so far.
        // A type has three segments and a pattern few words, so this is a handful of steps.
        let mut live = vec![false; self.words.len() + 1];
        live[0] = true;
        self.skip_any_number(&mut live);
        for segment in event_type.segments() {
            let mut next = vec![false; live.len()];
            for (at, word) in self.words.iter().enumerate().filter(|(at, _)| live[*at]) {
                match word {
                    Word::Literal(literal) => next[at + 1] |= literal == segment,
                    Word::AnyOne => next[at + 1] = true,
                    Word::AnyNumber => next[at] = true,
                }
            }
            self.skip_any_number(&mut next);
            live = next;
        }
        live[self.words.len()]
    }

    /// `#` may stand for nothing, so whoever waits before it waits behind it too.
    fn skip_any_number(&self, live: &mut [bool]) {
        for (at, word) in self.words.iter().enumerate() {
            if live[at] && *word == Word::AnyNumber {
                live[at + 1] = true;
            }
        }
    }
}

impl FromStr for TopicPattern {
    type Err = TopicPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || TopicPatternError { text: text.chars().take(255).collect() };
        if text.len() > 255 {
            return Err(wrong());
        }
        let words = text
            .split('.')
            .map(|word| match word {
                "*" => Some(Word::AnyOne),
                "#" => Some(Word::AnyNumber),
                _ => {
                    let fits = word.starts_with(|c: char| c.is_ascii_lowercase())
                        && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
                    fits.then(|| Word::Literal(word.to_owned()))
                }
            })
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        Ok(Self { text: text.to_owned(), words })
    }
}

impl From<EventType> for TopicPattern {
    /// The pattern that wants exactly this type.
    fn from(event_type: EventType) -> Self {
        Self {
            text: event_type.as_str().to_owned(),
            words: event_type.segments().map(|word| Word::Literal(word.to_owned())).collect(),
        }
    }
}

impl fmt::Display for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for TopicPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for TopicPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::deserialize(deserializer)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The rules of AMQP 0-9-1, section 3.1.3.3, written as they read.
    pub(in crate::event) fn reference(pattern: &[&str], segments: &[&str]) -> bool {
        match (pattern, segments) {
            ([], []) => true,
            (["#", rest @ ..], _) => {
                reference(rest, segments)
                    || (!segments.is_empty() && reference(pattern, &segments[1..]))
            }
            (["*", rest @ ..], [_, behind @ ..]) => reference(rest, behind),
            ([word, rest @ ..], [segment, behind @ ..]) => {
                word == segment && reference(rest, behind)
            }
            _ => false,
        }
    }

    pub(in crate::event) fn word() -> impl Strategy<Value = &'static str> {
        prop_oneof![Just("*"), Just("#"), Just("a"), Just("b"), Just("item")]
    }

    pub(in crate::event) fn segment() -> impl Strategy<Value = &'static str> {
        prop_oneof![Just("a"), Just("b"), Just("item")]
    }

    proptest! {
        #[test]
        fn matches_whatever_the_rules_of_amqp_match(
            words in prop::collection::vec(word(), 1..7),
            segments in prop::collection::vec(segment(), 3),
        ) {
            let pattern: TopicPattern = words.join(".").parse().unwrap();
            let event_type: EventType = segments.join(".").parse().unwrap();
            prop_assert_eq!(pattern.matches(&event_type), reference(&words, &segments));
        }
    }

    #[test]
    fn what_no_event_type_could_contain_is_refused() {
        for text in ["", "a..b", "product:created", "A.#", "a.b*.c", "##", "a.*#"] {
            assert!(text.parse::<TopicPattern>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_pattern_of_a_type_matches_that_type_alone() {
        let created = EventType::from_static("product.item.created");
        let pattern = TopicPattern::from(created.clone());
        assert!(pattern.matches(&created));
        assert!(!pattern.matches(&EventType::from_static("product.item.updated")));
    }
}
