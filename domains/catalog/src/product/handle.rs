//! The name of a product in URLs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

/// The name of a product in URLs: letters and digits without capitals, `-` and `_`, starting
/// with a letter or digit, 255 characters at most. Letters of any script.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Handle(String);

/// Text that is not a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "expected lower-case letters, digits, `-` and `_`, starting with a letter or digit, 255 characters at most"
)]
pub struct HandleError;

impl Handle {
    /// The handle as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The handle that a title suggests: `Ocean Blue Shirt` gives `ocean-blue-shirt`; `None`
    /// when it has neither letters nor digits.
    #[must_use]
    pub fn from_title(title: &str) -> Option<Self> {
        let lower = title.to_lowercase();
        let words = lower.split(|c: char| !is_letter(c)).filter(|word| !word.is_empty());
        let joined = words.collect::<Vec<_>>().join("-");
        let short: String = joined.chars().take(255).collect();
        short.trim_end_matches('-').parse().ok()
    }
}

fn is_letter(c: char) -> bool {
    // Not only capitals: a titlecase letter has a lower case of its own too.
    c.is_alphanumeric() && c.to_lowercase().eq([c])
}

impl FromStr for Handle {
    type Err = HandleError;

    fn from_str(text: &str) -> Result<Self, HandleError> {
        let fits = text.starts_with(is_letter)
            && text.chars().all(|c| is_letter(c) || c == '-' || c == '_')
            && text.chars().count() <= 255;
        fits.then(|| Self(text.to_owned())).ok_or(HandleError)
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Handle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_title_suggests_a_handle_or_nothing(title in "\\PC{0,300}") {
            if let Some(handle) = Handle::from_title(&title) {
                prop_assert_eq!(handle.as_str().parse(), Ok(handle.clone()));
            }
        }
    }

    #[test]
    fn titles_become_readable_handles() {
        let of = |title| Handle::from_title(title).map(|handle| handle.to_string());
        assert_eq!(of("Ocean Blue Shirt!").as_deref(), Some("ocean-blue-shirt"));
        assert_eq!(of("  Thé à la menthe, 50 g ").as_deref(), Some("thé-à-la-menthe-50-g"));
        assert_eq!(of("---"), None);
    }

    #[test]
    fn capitals_spaces_and_slashes_are_no_handle() {
        for text in ["", "-a", "A", "a b", "a/b", "a?b", "a\0", "../a"] {
            assert_eq!(text.parse::<Handle>(), Err(HandleError), "{text:?}");
        }
    }
}
