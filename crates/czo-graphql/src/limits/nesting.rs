//! How deep the text of a query is nested, seen before the parser recurses into it.

use super::{LimitError, MAX_NESTING};

/// Refuses a text whose brackets, outside of strings and comments, are nested too deep, in one
/// pass and without recursion.
///
/// It reads strings and comments just as the parser does. Where the parser would try something
/// else, in a string that does not end, it refuses: a bracket that it took for text can't be one
/// for the parser.
pub(super) fn check(query: &str) -> Result<(), LimitError> {
    let mut rest = query.as_bytes();
    let mut depth = 0_usize;
    while let [first, after @ ..] = rest {
        rest = match first {
            b'#' => after_comment(after),
            b'"' => match after.strip_prefix(b"\"\"") {
                Some(block) => after_block_string(block).ok_or(LimitError::OpenString)?,
                None => after_string(after).ok_or(LimitError::OpenString)?,
            },
            b'(' | b'[' | b'{' => {
                depth += 1;
                if depth > MAX_NESTING {
                    return Err(LimitError::Nesting);
                }
                after
            }
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                after
            }
            _ => after,
        };
    }
    Ok(())
}

fn after_comment(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    &text[end.unwrap_or(text.len())..]
}

fn after_block_string(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        text = if let Some(escaped) = text.strip_prefix(br#"\""""#) {
            escaped
        } else if let Some(after) = text.strip_prefix(br#"""""#) {
            return Some(after);
        } else {
            text.get(1..)?
        }
    }
}

fn after_string(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        text = match text {
            [b'"', after @ ..] => return Some(after),
            [b'\\', _, after @ ..] => after,
            [b'\n' | b'\r', ..] | [] => return None,
            [_, after @ ..] => after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(open: &str, levels: usize) -> String {
        open.repeat(levels)
    }

    #[test]
    fn brackets_count_outside_of_strings_and_comments_only() {
        let many = nested("[", MAX_NESTING + 1);
        for harmless in [
            format!("{{ a(b: \"{many}\") }}"),
            format!("{{ a(b: \"\\\"{many}\") }}"),
            format!("{{ a(b: \"\"\"{many}\n\"{many}\\\"\"\"{many}\"\"\") }}"),
            format!("# {many}\n{{ a }}"),
            "[]".repeat(1_000),
            nested("{", MAX_NESTING),
        ] {
            assert!(check(&harmless).is_ok(), "{harmless}");
        }
        for deep in [
            many.clone(),
            nested("(", MAX_NESTING + 1),
            nested("{a:", MAX_NESTING + 1),
            format!("# \"\"\"\n{many}"),
            format!("# \"\r{many}"),
            format!("\"\\\\\"{many}"),
            format!("\"\"{many}"),
            format!("\"\"\"\"\"\"{many}"),
            format!("\"\"\" \\\"\"\" \"\"\"{many}"),
        ] {
            assert!(matches!(check(&deep), Err(LimitError::Nesting)), "{deep}");
        }
    }

    #[test]
    fn a_string_that_does_not_end_hides_nothing() {
        let many = nested("[", MAX_NESTING + 1);
        for open in ["\"", "\"\"\"", "\"\"\"x\" ", "\"\\", "\"\n", "\"\"\" \\\"\"\" "] {
            let text = format!("{open}{many}");
            assert!(matches!(check(&text), Err(LimitError::OpenString)), "{text}");
        }
    }
}
