//! What the keys of a program begin with.

/// Whether the keys of a program may begin with `{prefix}`, which puts them on one node of a cluster:
/// 1 to 100 visible ASCII characters, and no braces, which would end the tag.
#[must_use]
pub fn is_prefix(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}');
    (1..=100).contains(&text.len()) && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_with_a_brace_or_a_space_is_none() {
        assert!(is_prefix("czo-jobs") && is_prefix(&"a".repeat(100)));
        for text in ["", "a}b", "{a", "a b", "ä", &"a".repeat(101)] {
            assert!(!is_prefix(text), "{text:?}");
        }
    }
}
