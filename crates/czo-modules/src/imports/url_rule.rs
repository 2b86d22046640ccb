//! Rules of `permissions.http`.

use url::{Host, Url};

/// Whether a rule allows a URL: `api.example.com` that name on the usual port of the scheme,
/// `api.example.com:8443` on that port, `*.example.com` every name below.
pub(super) fn allows(rule: &str, url: &Url) -> bool {
    let (host, port) = match rule.rsplit_once(':') {
        // Of an IPv6 address the colons are inside.
        Some((host, port)) if !port.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => return false,
        },
        _ => (rule, None),
    };
    // The URL has none where it is the usual one.
    let is_usual = url.port().is_none();
    let is_port = match port {
        Some(port) => url.port_or_known_default() == Some(port),
        None => is_usual,
    };
    is_port && is_host(host, url)
}

/// The rule that would allow a URL.
pub(super) fn wanted(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn is_host(rule: &str, url: &Url) -> bool {
    let (Some(host), Some(text)) = (url.host(), url.host_str()) else { return false };
    match rule.strip_prefix("*.") {
        // There is nothing below an address.
        Some(parent) => {
            matches!(host, Host::Domain(_))
                && text
                    .len()
                    .checked_sub(parent.len() + 1)
                    .filter(|dot| *dot > 0 && text.as_bytes()[*dot] == b'.')
                    .is_some_and(|dot| text[dot + 1..].eq_ignore_ascii_case(parent))
        }
        None => text.eq_ignore_ascii_case(rule),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(rule: &str, url: &str) -> bool {
        allows(rule, &Url::parse(url).unwrap())
    }

    #[test]
    fn a_name_allows_itself_on_the_usual_port_only() {
        assert!(allowed("api.example.com", "https://api.example.com/x"));
        assert!(allowed("api.example.com", "https://API.example.com:443/x"));
        assert!(!allowed("api.example.com", "https://api.example.com:8443/x"));
        assert!(!allowed("api.example.com", "https://evil.api.example.com/"));
        assert!(!allowed("api.example.com", "https://api.example.com.evil.net/"));
        assert!(!allowed("api.example.com", "https://api.example.com@evil.net/"));
    }

    #[test]
    fn a_port_allows_that_port_only() {
        assert!(allowed("api.example.com:8443", "https://api.example.com:8443/"));
        assert!(!allowed("api.example.com:8443", "https://api.example.com/"));
        assert!(allowed("api.example.com:443", "https://api.example.com/"));
        assert!(!allowed("api.example.com:443", "http://api.example.com/"));
    }

    #[test]
    fn a_star_allows_every_name_below_and_not_the_name_itself() {
        assert!(allowed("*.example.com", "https://a.example.com/"));
        assert!(allowed("*.example.com", "https://a.b.example.com/"));
        assert!(!allowed("*.example.com", "https://example.com/"));
        assert!(!allowed("*.example.com", "https://badexample.com/"));
        assert!(!allowed("*.1", "https://127.0.0.1/"));
    }

    #[test]
    fn an_address_allows_itself() {
        assert!(allowed("127.0.0.1:9000", "http://127.0.0.1:9000/"));
        assert!(allowed("[::1]", "http://[::1]/"));
        assert!(allowed("[::1]:9000", "http://[::1]:9000/"));
        assert!(!allowed("[::1]", "http://[::1]:9000/"));
    }
}
