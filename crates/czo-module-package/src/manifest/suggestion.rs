//! What was probably meant.

/// The longest text for which something nearby is looked for, in bytes: comparing takes the
/// product of both lengths.
const MAX_LEN: usize = 255;

/// The candidate nearest to `wanted`, unless a third of it is different.
pub(super) fn nearest<'a>(
    wanted: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    if wanted.len() > MAX_LEN {
        return None;
    }
    candidates
        // As many characters at least are different.
        .filter(|candidate| wanted.len().abs_diff(candidate.len()) * 3 <= candidate.len())
        .map(|candidate| (strsim::damerau_levenshtein(wanted, candidate), candidate))
        .filter(|(distance, candidate)| distance * 3 <= candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_mended_and_another_word_is_not() {
        let known = ["endpoints", "hooks"];
        assert_eq!(nearest("endpoint", known.into_iter()), Some("endpoints"));
        assert_eq!(nearest("hoosk", known.into_iter()), Some("hooks"));
        assert_eq!(nearest("webhooks", known.into_iter()), None);
    }

    #[test]
    fn nothing_is_looked_for_near_a_very_long_text() {
        let long = "a".repeat(256);
        assert_eq!(nearest(&long, [long.as_str()].into_iter()), None);
    }
}
