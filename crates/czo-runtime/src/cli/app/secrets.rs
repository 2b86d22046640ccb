//! What of a text may be seen.

/// What secrets of apps begin with.
const PREFIXES: [&str; 3] = ["czoapp_", "whsec_", "whsk_"];

/// The text with `…` for what follows the beginning of each secret: whoever sends something to a
/// developer's machine may send the credentials of an installation.
pub(super) fn without_secrets(text: &str) -> String {
    let mut rest = text;
    let mut shown = String::with_capacity(text.len());
    while let Some((at, prefix)) = first(rest) {
        let end = at + prefix.len();
        shown.push_str(&rest[..end]);
        shown.push('…');
        rest = rest[end..].trim_start_matches(is_of_a_secret);
    }
    shown.push_str(rest);
    shown
}

fn first(text: &str) -> Option<(usize, &'static str)> {
    let found = PREFIXES.iter().filter_map(|prefix| Some((text.find(prefix)?, *prefix)));
    found.min_by_key(|(at, _)| *at)
}

/// Characters of base64, of either alphabet. A slash may be escaped in JSON.
fn is_of_a_secret(character: char) -> bool {
    character.is_ascii_alphanumeric() || "+/=-_\\".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_secret_the_beginning_is_shown_and_of_all_else_everything() {
        let text = r#"{"token":"czoapp_abc-_9","signingSecret":"whsec_Mf\/Kq+8=","x":"whpk_1"}"#;
        let shown = r#"{"token":"czoapp_…","signingSecret":"whsec_…","x":"whpk_1"}"#;
        assert_eq!(without_secrets(text), shown);
        assert_eq!(without_secrets("whsk_a whsec_b"), "whsk_… whsec_…");
        assert_eq!(without_secrets(""), "");
    }
}
