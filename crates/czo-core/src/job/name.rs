//! The name of a kind of job.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use crate::text::is_segments;

/// The longest name, in bytes: names are part of keys and labels.
const MAX_LEN: usize = 100;

/// The name of a kind of job, `<domain>.<job>`, each segment `[a-z][a-z0-9_]*`, 100 bytes at most.
///
/// It is stored with every job, so it stays when the type is renamed.
///
/// ```
/// use czo_core::JobName;
///
/// const IMPORT: JobName = JobName::from_static("catalog.import_products");
/// assert_eq!(IMPORT.domain(), "catalog");
/// assert!("import".parse::<JobName>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct JobName(Cow<'static, str>);

/// Text that is not the name of a job.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not a job name: expected `<domain>.<job>` with segments of a-z, 0-9 and _, each starting with a letter, {MAX_LEN} bytes at most"
)]
pub struct JobNameError {
    text: String,
}

impl JobName {
    /// The name that a literal spells.
    ///
    /// # Panics
    ///
    /// If the text is not a job name. In a constant that is an error of compilation.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        assert!(is_valid(text.as_bytes()), "a job name is `<domain>.<job>`");
        Self(Cow::Borrowed(text))
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first segment: whose job it is.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }
}

const fn is_valid(text: &[u8]) -> bool {
    text.len() <= MAX_LEN && is_segments(text, 2)
}

impl FromStr for JobName {
    type Err = JobNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_valid(text.as_bytes()) {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(JobNameError { text: text.chars().take(MAX_LEN).collect() })
        }
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for JobName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_two_segments_of_the_alphabet_is_refused() {
        for text in
            ["", ".", "a", "a.", ".b", "a.b.c", "a..b", "A.b", "a.1b", "a._b", "a.b ", "ä.b"]
        {
            assert!(text.parse::<JobName>().is_err(), "{text:?}");
        }
        assert!(format!("a.{}", "b".repeat(99)).parse::<JobName>().is_err());
        assert!(format!("a.{}", "b".repeat(98)).parse::<JobName>().is_ok());
    }
}
