//! The name of a group of subscribers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

/// The stable name of a group of subscribers, such as `catalog.inventory`: segments of
/// `[a-z][a-z0-9_]*` separated by dots, 200 bytes at most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Group(String);

/// Text that is not the name of a group.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a group name: expected segments of a-z, 0-9 and _, each starting with a letter, separated by dots, 200 bytes at most"
)]
pub struct GroupError(String);

impl Group {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Group {
    type Err = GroupError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.len() <= 200
            && text.split('.').all(|segment| {
                segment.starts_with(|c: char| c.is_ascii_lowercase())
                    && segment.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
            });
        if fits { Ok(Self(text.to_owned())) } else { Err(GroupError(text.to_owned())) }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Group {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_read_as_it_is_written_and_nothing_else_is() {
        let group: Group = "catalog.cache".parse().unwrap();
        let text = serde_json::to_string(&group).unwrap();
        assert_eq!(text, r#""catalog.cache""#);
        assert_eq!(serde_json::from_str::<Group>(&text).unwrap(), group);
        let error = serde_json::from_str::<Group>(r#""Catalog""#).unwrap_err().to_string();
        assert!(error.contains("is not a group name"), "{error}");
    }
}
