//! Characters that have no place in a manifest.

/// Whether a character is a control (line feed and tab are none here), or one of those that turn
/// around or hide what people read before they consent.
pub(super) fn is_harmful(character: char) -> bool {
    let is_control = character.is_control() && !matches!(character, '\n' | '\t');
    let turns_or_hides = matches!(character,
        '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}');
    is_control || turns_or_hides
}

/// The text with each harmful character replaced, for a log or a terminal.
pub(crate) fn printable(text: &str) -> String {
    let replace = |character| match is_harmful(character) {
        true => char::REPLACEMENT_CHARACTER,
        false => character,
    };
    text.chars().map(replace).collect()
}
