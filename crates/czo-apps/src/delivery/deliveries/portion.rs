//! Sending again in portions.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What one portion of sending again was, and where the next one begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resent {
    /// How many were sent again.
    pub count: u64,
    /// Where it goes on, if there may be more.
    pub next: Option<ResendCursor>,
}

/// Where sending again goes on: with what was done when it began, so that what was sent again and is
/// done once more is not sent a third time. As text it is nothing to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub struct ResendCursor(pub(super) i64);

/// Text that is no cursor of sending again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected the `next` of the last portion")]
pub struct ResendCursorError;

/// Tells a cursor from numbers of other kinds.
const PREFIX: &str = "done-";

impl fmt::Display for ResendCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

impl FromStr for ResendCursor {
    type Err = ResendCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_prefix(PREFIX).and_then(|number| number.parse().ok());
        number.map(Self).ok_or(ResendCursorError)
    }
}

impl From<ResendCursor> for String {
    fn from(cursor: ResendCursor) -> Self {
        cursor.to_string()
    }
}

impl TryFrom<String> for ResendCursor {
    type Error = ResendCursorError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
