//! The names of the first kit's `emit`, as event types.

use thiserror::Error;

use super::{EventType, EventTypeError};

/// What stands in for the entity that a name of two parts does not have.
const ENTITY: &str = "item";

/// Text that is no name of the first kit's `emit`, or that no event type can be made of.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LegacyNameError {
    /// It has another number of parts.
    #[error(
        "`{name}` has {parts} parts: expected `entity:action` or `domain:entity:action`, such as `product:created`"
    )]
    Parts {
        /// The name, cut to 255 characters.
        name: String,
        /// How many parts it has.
        parts: usize,
    },
    /// A part is not made of letters and digits.
    #[error(transparent)]
    Segment(#[from] EventTypeError),
}

impl EventType {
    /// The event type that a name of the first kit's `emit` stands for: `product:created` is
    /// `product.item.created`, `product:variant:stockLow` is `product.variant.stock_low`.
    ///
    /// A name of two parts gets the entity `item`; camel case becomes snake case.
    ///
    /// ```
    /// use czo_core::EventType;
    ///
    /// assert_eq!(EventType::from_legacy("product:created")?.as_str(), "product.item.created");
    /// # Ok::<(), czo_core::LegacyNameError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`LegacyNameError`].
    pub fn from_legacy(name: &str) -> Result<Self, LegacyNameError> {
        let parts: Vec<_> = name.split(':').map(snake_case).collect();
        let text = match parts.as_slice() {
            [domain, action] => format!("{domain}.{ENTITY}.{action}"),
            [domain, entity, action] => format!("{domain}.{entity}.{action}"),
            parts => {
                let (name, parts) = (name.chars().take(255).collect(), parts.len());
                return Err(LegacyNameError::Parts { name, parts });
            }
        };
        Ok(text.parse()?)
    }
}

/// `stockLow` as `stock_low`, `SEOUpdated` as `seo_updated`.
fn snake_case(camel: &str) -> String {
    let letters: Vec<char> = camel.chars().collect();
    let mut snake = String::with_capacity(camel.len() + 4);
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(place + 1);
        let word_starts = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if word_starts {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_the_first_kit_are_event_types() {
        for (legacy, expected) in [
            ("product:created", "product.item.created"),
            ("product:variant:updated", "product.variant.updated"),
            ("productVariant:stockLow", "product_variant.item.stock_low"),
            ("auth:org:memberAdded", "auth.org.member_added"),
            ("product:SEOUpdated", "product.item.seo_updated"),
            ("oauth2Token:revoked", "oauth2_token.item.revoked"),
            ("Product:Created", "product.item.created"),
        ] {
            assert_eq!(EventType::from_legacy(legacy).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn another_number_of_parts_is_named() {
        for (name, parts) in [("created", 1), ("", 1), ("a:b:c:d", 4), ("product.item.created", 1)]
        {
            let error = EventType::from_legacy(name).unwrap_err();
            assert_eq!(error, LegacyNameError::Parts { name: name.to_owned(), parts });
        }
    }

    #[test]
    fn a_part_that_no_event_type_could_have_is_refused() {
        for name in ["product:", ":created", "a::c", "a:1st", "a:b.c", "a:b-c", "a:über", "a b:c"]
        {
            let error = EventType::from_legacy(name).unwrap_err();
            assert!(matches!(error, LegacyNameError::Segment(_)), "{name}: {error}");
        }
    }

    proptest! {
        #[test]
        fn every_text_gives_an_event_type_or_an_error(text in ".{0,300}") {
            let _ = EventType::from_legacy(&text);
        }

        #[test]
        fn snake_case_names_keep_their_words(
            parts in prop::collection::vec("[a-z][a-z0-9_]{0,9}", 3)
        ) {
            let event_type = EventType::from_legacy(&parts.join(":")).unwrap();
            prop_assert_eq!(event_type.as_str(), parts.join("."));
        }
    }
}
