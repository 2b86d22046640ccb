//! Headers as they are kept in the log.

use std::collections::BTreeMap;

use czo_fetch::HeaderMap;

/// How many are kept, and how much of each.
const KEPT: usize = 64;
const KEPT_VALUE: usize = 1_024;

/// What lets in whoever has it.
const SECRET: [&str; 7] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "www-authenticate",
    "x-api-key",
    "x-auth-token",
];

/// Headers as a JSON object, without what is secret.
pub(super) fn headers_text(headers: &HeaderMap) -> String {
    let mut kept = BTreeMap::new();
    for name in headers.keys().take(KEPT) {
        let values = headers.get_all(name).iter();
        let mut text = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect::<Vec<_>>()
            .join(", ");
        if SECRET.contains(&name.as_str()) {
            "…".clone_into(&mut text);
        } else if text.len() > KEPT_VALUE {
            text = text.chars().take(KEPT_VALUE / 4).chain(['…']).collect();
        }
        kept.insert(name.as_str(), text);
    }
    serde_json::to_string(&kept).expect("texts have a JSON form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lets_in_is_left_out_and_what_is_long_is_cut() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer hidden".parse().unwrap());
        headers.append("set-cookie", "a=hidden".parse().unwrap());
        headers.append("x-many", "1".parse().unwrap());
        headers.append("x-many", "2".parse().unwrap());
        headers.insert("x-long", "a".repeat(10_000).parse().unwrap());
        let text = headers_text(&headers);
        assert!(!text.contains("hidden") && text.len() < 2_000, "{text}");
        assert!(text.contains(r#""x-many":"1, 2""#), "{text}");
    }
}
