//! Reading values from their text form.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de::Error};

/// Deserializes whatever has a text form.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// The JSON Schema of a type whose text form matches `pattern`.
pub fn schema(pattern: &str) -> schemars::Schema {
    schemars::json_schema!({ "type": "string", "pattern": pattern })
}

/// Whether a text is so many segments with dots between, each `[a-z][a-z0-9_]*`.
pub(crate) const fn is_segments(text: &[u8], number: usize) -> bool {
    let mut ended = 0;
    let mut at_start = true;
    let mut place = 0;
    while place < text.len() {
        match text[place] {
            b'.' if !at_start => {
                ended += 1;
                at_start = true;
            }
            b'a'..=b'z' => at_start = false,
            b'0'..=b'9' | b'_' if !at_start => {}
            _ => return false,
        }
        place += 1;
    }
    ended + 1 == number && !at_start
}
