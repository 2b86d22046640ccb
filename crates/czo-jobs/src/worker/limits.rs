//! How much of what handlers say is stored.

use czo_core::Progress;

/// How many bytes of a reason or a note are stored.
const MOST: usize = 16 * 1_024;

/// The beginning of a long text, so that one handler's flood is not the store's.
pub(super) fn shortened(mut text: String) -> String {
    if text.len() > MOST {
        text.truncate(text.floor_char_boundary(MOST));
        text.push('…');
    }
    text
}

/// With the beginning of a long note.
pub(super) fn with_short_note(mut progress: Progress) -> Progress {
    progress.note = progress.note.map(shortened);
    progress
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shortened("short".to_owned()), "short");
        let long = shortened(format!("x{}", "🦀".repeat(10_000)));
        assert!(long.starts_with("x🦀") && long.ends_with("🦀…"));
        assert!((MOST - 3..MOST + 4).contains(&long.len()), "{}", long.len());
    }
}
