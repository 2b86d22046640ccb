//! Which keys are meant: `*` is any text, `?` any character.

/// Keys that are alike. `*` stands for any text, `?` for any character, and `\` takes the meaning
/// from what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Exactly(char),
    AnyCharacter,
    AnyText,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let piece = match character {
                // Many in a row mean no more than one.
                '*' if pieces.last() == Some(&Piece::AnyText) => continue,
                '*' => Piece::AnyText,
                '?' => Piece::AnyCharacter,
                '\\' => Piece::Exactly(characters.next().unwrap_or('\\')),
                character => Piece::Exactly(character),
            };
            pieces.push(piece);
        }
        Self { pieces }
    }

    /// This text and no other.
    #[cfg(feature = "redis")]
    pub(crate) fn exactly(text: &str) -> Self {
        Self { pieces: text.chars().map(Piece::Exactly).collect() }
    }

    /// In time linear in the text for each `*` at most, whatever the pattern: on a mismatch only the
    /// last `*` takes one character more.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut piece, mut place) = (0, 0);
        let mut retry = None;
        while place < text.len() {
            match self.pieces.get(piece) {
                Some(Piece::AnyText) => {
                    piece += 1;
                    retry = Some((piece, place));
                    continue;
                }
                Some(Piece::AnyCharacter) => {}
                Some(Piece::Exactly(character)) if *character == text[place] => {}
                _ => {
                    let Some((after, taken)) = retry else { return false };
                    (piece, place) = (after, taken + 1);
                    retry = Some((after, taken + 1));
                    continue;
                }
            }
            piece += 1;
            place += 1;
        }
        self.pieces[piece..].iter().all(|piece| *piece == Piece::AnyText)
    }

    /// What Redis calls all that match, and some more.
    #[cfg(any(feature = "redis", test))]
    pub(crate) fn glob(&self) -> String {
        let mut glob = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::AnyText => glob.push('*'),
                // To Redis it is a byte, of which a character may have four.
                Piece::AnyCharacter => glob.push_str("?*"),
                Piece::Exactly(character) => {
                    if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^') {
                        glob.push('\\');
                    }
                    glob.push(*character);
                }
            }
        }
        glob
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_and_a_question_mark_any_character() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "a"),
            ("prod_*", "prod_1"),
            ("*_1", "prod_1_1"),
            ("p?od*1", "prod_21"),
            ("a**b", "ab"),
            ("ä?", "äß"),
            ("\\*", "*"),
            ("", ""),
        ] {
            assert!(Pattern::new(pattern).matches(text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("prod_*", "shop_1"), ("?", ""), ("?", "ab"), ("\\*", "a"), ("a*b", "a"), ("", "a")]
        {
            assert!(!Pattern::new(pattern).matches(text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_cost_no_more_than_the_text_times_the_pattern() {
        let pattern = Pattern::new(&"*a".repeat(100));
        assert!(!pattern.matches(&"a".repeat(99).repeat(100).replace('a', "ab").replace('a', "c")));
        assert!(pattern.matches(&"a".repeat(10_000)));
    }

    #[test]
    fn brackets_mean_themselves() {
        assert_eq!(Pattern::new("a[b]*\\??").glob(), "a\\[b\\]*\\??*");
    }
}
