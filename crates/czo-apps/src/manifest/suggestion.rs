//! What was probably meant.

use czo_core::{EventType, TopicPattern};

/// The longest text for which something nearby is looked for, in bytes: comparing takes the
/// product of both lengths.
const MAX_LEN: usize = 255;

/// The candidate nearest to `wanted`, unless a third of it is different.
pub(super) fn nearest(wanted: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    if wanted.len() > MAX_LEN {
        return None;
    }
    candidates
        // As many characters at least are different.
        .filter(|candidate| wanted.len().abs_diff(candidate.len()) * 3 <= candidate.len())
        .map(|candidate| (strsim::damerau_levenshtein(wanted, &candidate), candidate))
        .filter(|(distance, candidate)| distance * 3 <= candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// The pattern nearest to `pattern` that matches one of these types.
pub(super) fn nearest_pattern<'a>(
    pattern: &TopicPattern,
    types: impl Iterator<Item = &'a EventType>,
) -> Option<String> {
    nearest(pattern.as_str(), types.map(|event_type| mended(pattern, event_type)))
}

/// `pattern` with its words replaced by those of `event_type`, so that it matches it; the type
/// itself where that is not possible.
fn mended(pattern: &TopicPattern, event_type: &EventType) -> String {
    let words: Vec<_> = pattern.as_str().split('.').collect();
    let mut segments = event_type.segments();
    let mut mended = Vec::new();
    for word in &words {
        match *word {
            "#" => {
                mended.push("#");
                break;
            }
            "*" if segments.next().is_some() => mended.push("*"),
            _ => mended.extend(segments.next()),
        }
    }
    let mended = mended.join(".");
    let fits = mended.parse().is_ok_and(|pattern: TopicPattern| pattern.matches(event_type));
    if fits { mended } else { event_type.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(pattern: &str) -> Option<String> {
        let types = ["product.item.created", "product.item.deleted", "order.item.placed"];
        let types = types.map(EventType::from_static);
        nearest_pattern(&pattern.parse().unwrap(), types.iter())
    }

    #[test]
    fn a_pattern_is_mended_and_keeps_its_wildcards() {
        assert_eq!(meant("product.itm.created").as_deref(), Some("product.item.created"));
        assert_eq!(meant("products.#").as_deref(), Some("product.#"));
        assert_eq!(meant("product.*.craeted").as_deref(), Some("product.*.created"));
        assert_eq!(meant("oder.*.*").as_deref(), Some("order.*.*"));
        assert_eq!(meant("shipment.parcel.lost"), None);
    }

    #[test]
    fn nothing_is_looked_for_near_a_very_long_text() {
        assert_eq!(nearest(&"a".repeat(256), ["a".repeat(256)].into_iter()), None);
    }
}
