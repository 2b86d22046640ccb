//! A place in an event.

use std::fmt;

use serde_json::Value;

/// The longest pointer, in bytes, and the most segments that it has.
const MAX_LEN: usize = 255;
const MAX_SEGMENTS: usize = 16;

/// A JSON Pointer (RFC 6901) into an event, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    name: String,
    /// What it is in a list.
    index: Option<usize>,
}

impl Segment {
    fn new(text: &str) -> Option<Self> {
        let mut name = String::with_capacity(text.len());
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            name.push(match character {
                '~' => match rest.next()? {
                    '0' => '~',
                    '1' => '/',
                    _ => return None,
                },
                other => other,
            });
        }
        let is_index =
            name.bytes().all(|b| b.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
        let index = is_index.then(|| name.parse().ok()).flatten();
        Some(Self { name, index })
    }
}

impl Pointer {
    /// Reads a pointer.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let segments = text.strip_prefix('/')?.split('/');
        let segments: Vec<_> = segments.map(Segment::new).collect::<Option<_>>()?;
        (text.len() <= MAX_LEN && segments.len() <= MAX_SEGMENTS).then_some(Self { segments })
    }

    /// The field of the event where the place is.
    pub(super) fn first(&self) -> &str {
        self.segments.first().map_or("", |segment| segment.name.as_str())
    }

    /// What is at the place.
    pub(super) fn find<'a>(&self, event: &'a Value) -> Option<&'a Value> {
        self.segments.iter().try_fold(event, |value, segment| match value {
            Value::Object(map) => map.get(&segment.name),
            Value::Array(items) => items.get(segment.index?),
            _ => None,
        })
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments.iter().try_for_each(|segment| {
            write!(f, "/{}", segment.name.replace('~', "~0").replace('/', "~1"))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_serde_json_finds(text in "(/([ab~/]|~0|~1|[0-9]{1,2}|-)?){0,4}") {
            let event = json!({
                "a": [1, { "b": 2, "~": 3, "/": 4, "": 5, "01": 6 }], "": { "a": 7 }, "b": "text",
            });
            if let Some(pointer) = Pointer::parse(&text) {
                prop_assert_eq!(pointer.find(&event), event.pointer(&text));
                prop_assert_eq!(Pointer::parse(&pointer.to_string()), Some(pointer));
            }
        }
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        let long = format!("/{}", "a".repeat(255));
        let deep = "/a".repeat(17);
        for text in ["", "data", "/a~", "/a~2", "#/data", &long, &deep] {
            assert_eq!(Pointer::parse(text), None, "{text}");
        }
        assert!(Pointer::parse(&"/a".repeat(16)).is_some());
    }
}
