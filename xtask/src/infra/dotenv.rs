//! The format of `.env` files, as docker compose and shells read the simple part of it.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

/// Reads lines `KEY=VALUE`; empty lines and lines that start with `#` are skipped, `export ` in
/// front and one pair of quotes around the value are taken off, and of two lines for one key the
/// later one counts. An error names the line, never its value.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((key, value)) = line.split_once('=') else {
            bail!("line {} has no `=`; write KEY=VALUE", index + 1);
        };
        let key = key.trim();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            bail!("line {} has no variable name before its `=`; write KEY=VALUE", index + 1);
        }
        values.insert(key.to_owned(), unquoted(value.trim()).to_owned());
    }
    Ok(values)
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inner.0;
        }
    }
    // A comment needs white space in front of it, so that a `#` inside a password is kept.
    value.find(" #").map_or(value, |at| value[..at].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_values_comments_and_quotes_are_read() -> Result<()> {
        let text =
            "# a comment\n\nA=1\nexport B = two words # not this\nC=\"x # y\"\nD='z'\nE=p#q\nA=2\n";
        let values: Vec<_> = parse(text)?.into_iter().collect();
        let expected = [("A", "2"), ("B", "two words"), ("C", "x # y"), ("D", "z"), ("E", "p#q")];
        assert_eq!(values, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        Ok(())
    }

    #[test]
    fn an_equals_sign_may_stand_in_the_value() -> Result<()> {
        assert_eq!(parse("URL=postgres://h/db?a=b")?["URL"], "postgres://h/db?a=b");
        Ok(())
    }

    #[test]
    fn a_line_without_a_name_or_a_value_is_named_by_its_number() {
        for text in ["A=1\nsecret", "A=1\n=secret", "A=1\nB C=secret"] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with("line 2 "), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
