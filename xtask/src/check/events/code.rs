//! Rust source without its comments.

/// The text with every comment emptied, its lines and its strings kept.
pub(super) fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if rest.starts_with("/*") {
            let (comment, behind) = rest.split_at(block_length(rest));
            code.extend(comment.matches('\n'));
            rest = behind;
        } else {
            let length = match next {
                '"' => string_length(&code, rest),
                // A quote that begins no string.
                '\'' if rest.starts_with("'\"'") => 3,
                '\'' if rest.starts_with("'\\\"'") => 4,
                other => other.len_utf8(),
            };
            let (kept, behind) = rest.split_at(length);
            code.push_str(kept);
            rest = behind;
        }
    }
    code
}

/// How long the comment is with which `rest` begins; they may hold others.
fn block_length(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(next) = rest[at..].chars().next() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += next.len_utf8();
        }
    }
    rest.len()
}

/// How long the string is with which `rest` begins, raw or not.
fn string_length(before: &str, rest: &str) -> usize {
    let prefix = before.trim_end_matches('#');
    if prefix.ends_with('r') {
        let end = format!("\"{}", &before[prefix.len()..]);
        return rest[1..].find(&end).map_or(rest.len(), |at| 1 + at + end.len());
    }
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            c => escaped = c == '\\' && !escaped,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::without_comments;

    #[test]
    fn comments_are_emptied_and_lines_kept() {
        let code = without_comments("a // b\nc /* d\n/* e */ f\n*/ g\n/// h");
        assert_eq!(code, "a \nc \n\n g\n");
    }

    #[test]
    fn what_looks_like_a_comment_in_a_string_is_kept() {
        for code in [
            r#"let url = "http://bus"; bus"#,
            r#"("a \" // b", c)"#,
            r##"(r#"a " // b"#, c)"##,
            r#"('"', "// a")"#,
            r#"('\"', "// a")"#,
            r#"("a \\", b)"#,
        ] {
            assert_eq!(without_comments(&format!("{code}// gone")), code);
        }
    }
}
