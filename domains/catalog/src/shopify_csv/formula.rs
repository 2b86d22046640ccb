//! Text that a spreadsheet would run.
//!
//! A cell that starts like a formula is one, to the spreadsheet in which somebody opens the
//! export. So the reader refuses such text, and the writer marks what came in by another door
//! with a leading `'`, as spreadsheets themselves do.

use std::borrow::Cow;

/// Whether a spreadsheet may take this for a formula.
///
/// `-` and `+` begin too many honest texts (`-20 %`, `+49 30 1234`), so there it takes something
/// that can call or link: `(`, `|` or `!`.
pub(super) fn is_formula(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'=' | b'@' | b'\t' | b'\r') => true,
        Some(b'+' | b'-') => text.contains(['(', '|', '!']),
        _ => false,
    }
}

/// The text as it may stand in a cell; [`unescape`] gives it back.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if needs_escape(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text that stands in a cell, for whatever [`escape`] gives and for cells of other origin.
pub(super) fn unescape(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| needs_escape(text)).unwrap_or(cell)
}

/// Formulas, and whatever would be taken for an escaped one.
fn needs_escape(text: &str) -> bool {
    is_formula(text.trim_start_matches('\''))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_escaped_text_is_no_formula_and_reads_back(text in "['=@+(|\t\ra-]{0,6}") {
            let cell = escape(&text);
            prop_assert!(!is_formula(&cell));
            prop_assert_eq!(unescape(&cell), &*text);
        }
    }

    #[test]
    fn formulas_are_known_by_how_they_start() {
        for formula in
            ["=1+1", "@SUM(1)", "+cmd|' /C calc'!A0", "-2+3+cmd|x", "-A(1)", "\tx", "\rx"]
        {
            assert!(is_formula(formula), "{formula:?}");
        }
        for text in ["", "-20 %", "+49 30 1234", "a=b", "'=1", "-", "x(1)", "'tis"] {
            assert!(!is_formula(text), "{text:?}");
        }
        assert_eq!(escape("'tis"), "'tis");
    }
}
