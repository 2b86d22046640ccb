//! From bytes to a JSON value, with what JSON readers usually pass over in silence.

use std::fmt;

use czo_core::FieldErrorCode;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::ModuleManifest;
use super::characters::is_harmful;
use super::place::{Notes, excerpt, pointer};

/// The longest name of a field, in bytes.
const MAX_NAME: usize = 255;

/// Reads a document. What is wrong with it is noted, such as a name that occurs twice in one
/// object (of which readers take the first or the last, so that two of them may see two
/// manifests), or characters that are invisible or turn text around.
pub(super) fn read(bytes: &[u8], notes: &Notes) -> Option<Value> {
    if bytes.len() > ModuleManifest::MAX_BYTES {
        let most = ModuleManifest::MAX_BYTES / 1024;
        let problem = format!("expected at most {most} KiB, found {} bytes", bytes.len());
        notes.refuse("", FieldErrorCode::TooLong, problem);
        return None;
    }
    let invalid = |problem| notes.refuse("", FieldErrorCode::Invalid, problem);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            invalid(format!("expected UTF-8, found another byte at {}", error.valid_up_to()));
            return None;
        }
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let node = Node { path: String::new(), depth: 1, notes };
    let value = node.deserialize(&mut deserializer);
    match value.and_then(|value| deserializer.end().map(|()| value)) {
        Ok(value) => value,
        Err(error) => {
            invalid(format!("expected JSON: {error}"));
            None
        }
    }
}

/// A value about to be read. It becomes `None` when a part of it was skipped, which is noted.
struct Node<'a> {
    path: String,
    depth: usize,
    notes: &'a Notes,
}

impl<'a> Node<'a> {
    fn below(&self, segment: &str) -> Node<'a> {
        let path = pointer(&self.path, segment);
        Node { path, depth: self.depth + 1, notes: self.notes }
    }

    /// Whether the name of a field is as short as it must be. What the field holds is skipped if not:
    /// each value below it would carry the name in its path.
    fn has_name(&self, name: &str) -> bool {
        let fits = name.len() <= MAX_NAME;
        if !fits {
            let problem =
                format!("the field `{}` has a name of more than {MAX_NAME} bytes", excerpt(name));
            self.notes.refuse(&self.path, FieldErrorCode::TooLong, problem);
        }
        fits
    }

    /// Whether lists and objects may be here. What they hold is skipped if not.
    fn is_too_deep(&self) -> bool {
        let is_too_deep = self.depth > ModuleManifest::MAX_DEPTH;
        if is_too_deep {
            let problem = format!("expected at most {} levels", ModuleManifest::MAX_DEPTH);
            self.notes.refuse(&self.path, FieldErrorCode::Invalid, problem);
        }
        is_too_deep
    }

    fn check(&self, text: &str) {
        if let Some(character) = text.chars().find(|character| is_harmful(*character)) {
            let code = u32::from(character);
            let problem = format!("expected text without control characters, found U+{code:04X}");
            self.notes.refuse(&self.path, FieldErrorCode::Invalid, problem);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(Value::Number(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Value::Number(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        self.check(value);
        Ok(Some(Value::String(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Some(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        if self.is_too_deep() {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(None);
        }
        let mut list = Some(Vec::new());
        let mut index = 0_usize;
        while let Some(item) = items.next_element_seed(self.below(&index.to_string()))? {
            match (&mut list, item) {
                (Some(list), Some(item)) => list.push(item),
                _ => list = None,
            }
            index += 1;
        }
        Ok(list.map(Value::Array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        if self.is_too_deep() {
            while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(None);
        }
        let mut map = Some(Map::new());
        while let Some(name) = fields.next_key::<String>()? {
            if !self.has_name(&name) {
                fields.next_value::<IgnoredAny>()?;
                map = None;
                continue;
            }
            let node = self.below(&name);
            node.check(&name);
            if map.as_ref().is_some_and(|map| map.contains_key(&name)) {
                let problem = format!("the field `{}` occurs twice", excerpt(&name));
                self.notes.refuse(&node.path, FieldErrorCode::Duplicate, problem);
            }
            match (&mut map, fields.next_value_seed(node)?) {
                (Some(map), Some(value)) => drop(map.insert(name, value)),
                _ => map = None,
            }
        }
        Ok(map.map(Value::Object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(bytes: &[u8]) -> Vec<String> {
        let notes = Notes::default();
        let value = read(bytes, &notes);
        match notes.conclude(value) {
            Ok(_) => Vec::new(),
            Err(error) => error.violations().iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_name_that_occurs_twice_is_seen() {
        let seen = violations(br#"{"a": [{"b": 1, "b": 2}], "a": 3}"#);
        assert_eq!(seen, ["/a: the field `a` occurs twice", "/a/0/b: the field `b` occurs twice"]);
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        assert_eq!(violations(b"\xff{}"), ["expected UTF-8, found another byte at 0"]);
        assert!(violations(b"{}x")[0].starts_with("expected JSON: trailing characters"));
        assert!(violations(b"{\"a\": 1e999}")[0].contains("line 1 column 11"));
        assert!(violations(b"")[0].starts_with("expected JSON"));
        assert!(violations("\u{feff}{}".as_bytes())[0].starts_with("expected JSON"));
    }

    #[test]
    fn more_bytes_than_allowed_are_not_looked_at() {
        let spaces = " ".repeat(ModuleManifest::MAX_BYTES - 2) + "{}";
        assert!(violations(spaces.as_bytes()).is_empty());
        let seen = violations((spaces + " ").as_bytes());
        assert_eq!(seen, ["expected at most 256 KiB, found 262145 bytes"]);
    }

    #[test]
    fn more_levels_than_allowed_are_refused_where_they_begin() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(violations(nested(ModuleManifest::MAX_DEPTH).as_bytes()).is_empty());
        for depth in [ModuleManifest::MAX_DEPTH + 1, 100_000] {
            let seen = violations(nested(depth).as_bytes());
            assert_eq!(seen, [format!("{}: expected at most 32 levels", "/0".repeat(32))]);
        }
    }

    #[test]
    fn a_name_of_more_than_255_bytes_is_refused() {
        let named = |length: usize| format!(r#"{{"{}": [1]}}"#, "a".repeat(length));
        assert!(violations(named(255).as_bytes()).is_empty());
        let seen = violations(named(256).as_bytes());
        let name = "a".repeat(60);
        assert_eq!(seen, [format!("the field `{name}…` has a name of more than 255 bytes")]);
    }

    #[test]
    fn characters_that_deceive_are_refused() {
        let seen = violations(br#"{"name": "a\u0000b", "k\u001b": "x\u202ey"}"#);
        assert_eq!(
            seen,
            [
                "/k\u{fffd}: expected text without control characters, found U+001B",
                "/k\u{fffd}: expected text without control characters, found U+202E",
                "/name: expected text without control characters, found U+0000",
            ]
        );
    }
}
