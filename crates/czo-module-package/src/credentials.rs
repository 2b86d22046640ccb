//! Users and passwords in URLs, which no message repeats.

/// The text without what stands before the `@` of URLs in it.
pub(crate) fn without_credentials(text: &str) -> String {
    let mut safe = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        safe.push_str(before);
        safe.push_str("://");
        let ends = |c: char| matches!(c, '/' | '?' | '#') || c.is_whitespace();
        let end = after.find(ends).unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(at) => &after[at + 1..],
            None => after,
        };
    }
    safe.push_str(rest);
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_passwords_are_left_out_wherever_they_stand() {
        for (text, safe) in [
            ("no url", "no url"),
            ("https://a.com/b@c", "https://a.com/b@c"),
            ("x https://u:p@a.com y ssh://git@b.com/c", "x https://a.com y ssh://b.com/c"),
            ("https://u:p@q@a.com", "https://a.com"),
            ("https://u:p@", "https://"),
        ] {
            assert_eq!(without_credentials(text), safe);
        }
    }
}
