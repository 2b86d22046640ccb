//! What names look like.

/// Whether `name` is one or more segments of `[a-z][a-z0-9_-]*`, separated by dots.
pub(crate) const fn is_well_formed(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut starts = true;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'a'..=b'z' => starts = false,
            b'0'..=b'9' | b'_' | b'-' if !starts => {}
            b'.' if !starts => starts = true,
            _ => return false,
        }
        at += 1;
    }
    !starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_segments_separated_by_dots() {
        for good in ["product.create", "tax", "a-1_b.c2.d"] {
            assert!(is_well_formed(good), "{good}");
        }
        for bad in ["", ".", "a.", ".a", "a..b", "1a", "a.-b", "Tax", "a b", "é"] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }
}
