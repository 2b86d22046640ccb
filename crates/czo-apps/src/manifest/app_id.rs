//! The names of apps and of their parts.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use super::characters::printable;
use super::place::excerpt;

/// Names an app, the same in all of its versions and in every shop: words of `a-z`, `0-9` and `-`
/// separated by dots, the first of which begins with a letter, 3 to 100 bytes. A domain of the
/// author's, turned around, is never another's: `com.example.stripe`.
///
/// ```
/// use czo_apps::AppId;
///
/// let id: AppId = "com.example.stripe".parse()?;
/// assert_eq!(id.as_str(), "com.example.stripe");
/// assert!("Stripe".parse::<AppId>().is_err());
/// # Ok::<(), czo_apps::AppIdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AppId(String);

/// Text that names no app.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not an id of an app: expected words of a-z, 0-9 and -, separated by dots, starting with a letter, 3 to 100 bytes, such as `com.example.stripe`"
)]
pub struct AppIdError {
    text: String,
}

impl AppId {
    const PATTERN: &'static str = r"^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*$";

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether it is one of [`AppId::PATTERN`].
fn is_app_id(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && !word.starts_with('-')
            && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    (3..=100).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('.').all(is_word)
}

impl FromStr for AppId {
    type Err = AppIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_app_id(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AppIdError { text: printable(&excerpt(text)) })
        }
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AppId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::text::deserialize(deserializer)
    }
}

impl JsonSchema for AppId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AppId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "App id",
            "description": "Words of a-z, 0-9 and -, separated by dots, starting with a letter.",
            "type": "string",
            "minLength": 3,
            "maxLength": 100,
            "pattern": Self::PATTERN,
        })
    }
}

/// Names a webhook or an extension within its app, the same in all of the app's versions, so that
/// an update knows which is which: `a-z`, `0-9`, `-` and `_`, starting with a letter, 64 bytes at
/// most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Identifier(String);

/// Text that names no part of an app.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not an identifier: expected a-z, 0-9, - and _, starting with a letter, 64 bytes at most, such as `order-placed`"
)]
pub struct IdentifierError {
    text: String,
}

impl Identifier {
    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Identifier {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdentifierError { text: printable(&excerpt(text)) })
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::text::deserialize(deserializer)
    }
}

impl JsonSchema for Identifier {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Identifier".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "Identifier",
            "description": "a-z, 0-9, - and _, starting with a letter.",
            "type": "string",
            "maxLength": 64,
            "pattern": "^[a-z][a-z0-9_-]*$",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_is_what_its_pattern_says(text in "[a-z.-]{0,6}|[a-z0-9.A-]{3,12}|.{3,5}") {
            let pattern = jsonschema::draft202012::new(&serde_json::json!({
                "pattern": AppId::PATTERN, "minLength": 3, "maxLength": 100,
            }));
            let fits = pattern.unwrap().is_valid(&text.clone().into());
            prop_assert_eq!(text.parse::<AppId>().is_ok(), fits, "{:?}", text);
        }
    }

    #[test]
    fn an_id_has_3_to_100_bytes() {
        assert!("a.b".parse::<AppId>().is_ok());
        assert!("a".repeat(100).parse::<AppId>().is_ok());
        for text in ["ab", &"a".repeat(101)] {
            assert!(text.parse::<AppId>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_identifier_begins_with_a_letter() {
        for text in ["a", "order-placed", "order_placed2", &"a".repeat(64)] {
            assert!(text.parse::<Identifier>().is_ok(), "{text}");
        }
        for text in ["", "1a", "-a", "a.b", "A", "ä", &"a".repeat(65)] {
            assert!(text.parse::<Identifier>().is_err(), "{text}");
        }
    }
}
