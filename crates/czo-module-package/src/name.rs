//! The name of a module.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

/// The longest name, in bytes: with it, the names of its tables fit PostgreSQL's 63 bytes.
const MAX: usize = 32;

/// The name of a module: `[a-z][a-z0-9]*(-[a-z0-9]+)*`, at most 32 bytes. It owns the tables
/// [`table_prefix`](Self::table_prefix), the routes `/api/modules/<name>/` and the group
/// `module.<name>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct ModuleName(
    #[schemars(length(max = 32), regex(pattern = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"))] String,
);

/// Text that is no name of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "expected small letters and digits with single hyphens between, at most 32, beginning with a letter"
)]
pub struct ModuleNameError;

impl ModuleName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the names of its tables begin with: `mod_<name>__`, with `_` for each hyphen. No prefix is
    /// the beginning of another, since a name has no two hyphens together: with one underscore at the
    /// end, the tables of `loyalty-points` would be tables of `loyalty`.
    #[must_use]
    pub fn table_prefix(&self) -> String {
        format!("mod_{}__", self.0.replace('-', "_"))
    }
}

impl FromStr for ModuleName {
    type Err = ModuleNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let fits = text.len() <= MAX
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.split('-').all(is_word);
        fits.then(|| Self(text.to_owned())).ok_or(ModuleNameError)
    }
}

impl fmt::Display for ModuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ModuleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| {
            serde::de::Error::custom(format_args!("`{text}` is no name of a module: {error}"))
        })
    }
}
