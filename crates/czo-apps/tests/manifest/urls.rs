use serde_json::json;

use crate::fixture::{read, violation, violations, with};

/// Every URL of a manifest.
const URLS: [&str; 10] = [
    "/homepage",
    "/supportUrl",
    "/privacyUrl",
    "/icon",
    "/appUrl",
    "/manifestUrl",
    "/handshakeUrl",
    "/webhooks/0/targetUrl",
    "/webhooks/1/targetUrl",
    "/extensions/0/url",
];

#[test]
fn every_url_is_of_https() {
    for pointer in URLS {
        let found = violation(&with(pointer, json!("http://app.example.org/x")));
        let expected = "expected `https`, since what is sent there is secret";
        assert_eq!(found, format!("{pointer}: {expected}"));
    }
}

#[test]
fn a_host_of_local_development_needs_no_https() {
    for pointer in URLS {
        let manifest = with(pointer, json!("http://localhost:3000/x"));
        assert_eq!(violations(&manifest), [""; 0], "{pointer}");
    }
}

#[test]
fn no_url_has_a_user_a_fragment_or_another_protocol() {
    for pointer in URLS {
        for (url, expected) in [
            ("https://u:p@app.example.org", "expected a URL without user and password"),
            ("https://app.example.org/#x", "expected a URL without a fragment (`#`)"),
            ("javascript:alert(1)", "expected a URL that begins with `https://`"),
            ("//evil.example.org/x", "expected a URL that begins with `https://`"),
            ("https://", "expected a URL such as `https://app.example.com/webhooks`"),
        ] {
            assert_eq!(violation(&with(pointer, json!(url))), format!("{pointer}: {expected}"));
        }
    }
}

#[test]
fn what_others_are_relative_to_is_relative_to_nothing() {
    for pointer in ["/appUrl", "/manifestUrl"] {
        for url in ["/app", "app", ".", "?x=1"] {
            let found = violation(&with(pointer, json!(url)));
            let expected = "expected an absolute URL, which begins with `https://`";
            assert_eq!(found, format!("{pointer}: {expected}"), "{url}");
        }
    }
}

#[test]
fn no_page_of_the_dashboard_s_own_origin_is_shown_in_it() {
    for pointer in ["/appUrl", "/extensions/0/url"] {
        for url in ["https://dashboard.example.com/x", "https://DASHBOARD.example.com:443"] {
            let found = violations(&with(pointer, json!(url)));
            let expected = format!("{pointer}: expected another origin than the dashboard's own");
            assert!(found.contains(&expected), "{found:?}");
        }
        let other = with(pointer, json!("https://dashboard.example.com:8443/x"));
        assert!(read(&other).is_ok());
    }
    // It may be called, though.
    assert!(read(&with("/webhooks/0/targetUrl", json!("https://dashboard.example.com/x"))).is_ok());
}

#[test]
fn no_host_that_means_more_than_itself_in_a_policy_is_shown_in_the_dashboard() {
    for pointer in ["/appUrl", "/extensions/0/url"] {
        for url in ["https://*.example.org/x", "https://a;script-src.example.org/"] {
            let found = violations(&with(pointer, json!(url)));
            let expected = format!("{pointer}: expected a host of letters, digits, `-` and `.`");
            assert!(found.contains(&expected), "{found:?}");
        }
    }
}
