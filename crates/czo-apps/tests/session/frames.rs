//! Which frames a page shows.

use std::collections::BTreeMap;

use czo_apps::{Extension, FrameError, FrameHeaders, HttpUrl};
use serde_json::json;

fn extension(url: &str) -> Extension {
    let extension = json!({
        "identifier": "points", "mount": "ORDER_DETAILS", "label": "Points", "url": url,
    });
    serde_json::from_value(extension).unwrap()
}

fn dashboard() -> HttpUrl {
    "https://dashboard.example.com/".parse().unwrap()
}

fn policy(urls: &[&str]) -> Result<String, FrameError> {
    let extensions: Vec<_> = urls.iter().map(|url| extension(url)).collect();
    let headers = FrameHeaders::for_dashboard(&dashboard(), &extensions)?;
    let headers: BTreeMap<_, _> = headers.iter().collect();
    Ok(headers["content-security-policy"].to_owned())
}

#[test]
fn a_page_of_the_dashboard_shows_frames_of_these_origins_only() {
    let urls = [
        "https://loyalty.example.org/orders?x=1",
        "https://loyalty.example.org/other",
        "https://gifts.example.net:8443/",
        "http://[::1]:3000/",
    ];
    assert_eq!(
        policy(&urls).unwrap(),
        "frame-src http://[::1]:3000 https://gifts.example.net:8443 https://loyalty.example.org; \
         frame-ancestors 'none'",
    );
    assert_eq!(policy(&[]).unwrap(), "frame-src 'none'; frame-ancestors 'none'");
}

#[test]
fn a_page_of_the_dashboard_is_in_no_frame_and_tells_its_origin_only() {
    let headers = FrameHeaders::for_dashboard(&dashboard(), []).unwrap();
    let headers: BTreeMap<_, _> = headers.iter().collect();
    assert_eq!(headers["referrer-policy"], "strict-origin");
    assert_eq!(headers["x-frame-options"], "DENY");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(headers["permissions-policy"].contains("camera=()"));
}

#[test]
fn a_page_of_an_app_is_in_a_frame_of_the_dashboard_only() {
    let headers = FrameHeaders::for_app(&dashboard()).unwrap();
    let headers: BTreeMap<_, _> = headers.iter().collect();
    let expected = "frame-ancestors https://dashboard.example.com";
    assert_eq!(headers["content-security-policy"], expected);
    // That header knows no origins.
    assert!(!headers.contains_key("x-frame-options"));
}

#[test]
fn the_dashboards_own_origin_is_refused_however_it_is_written() {
    for url in [
        "https://dashboard.example.com/app",
        "https://DASHBOARD.example.com:443/",
        "https://dashboard.example.com:0443/x",
    ] {
        let refused = policy(&["https://loyalty.example.org", url]);
        assert!(matches!(refused, Err(FrameError::Dashboard { .. })), "{url}");
    }
    assert!(policy(&["https://dashboard.example.com:444/"]).is_ok());
}

#[test]
fn no_host_becomes_another_directive_or_a_wildcard() {
    for url in [
        "https://*/",
        "https://*.example.org/",
        "https://a;script-src.example.org/",
        "https://a,b.example.org/",
        "https://'self'/",
        "https://a\"b.example.org/",
    ] {
        // Those that are no URLs at all got no further than the manifest.
        let Ok(url) = url.parse::<HttpUrl>() else { continue };
        let refused = policy(&[url.as_str()]);
        assert!(matches!(refused, Err(FrameError::Host { .. })), "{url}");
    }
}

#[test]
fn hosts_with_such_characters_are_urls() {
    for url in ["https://*/", "https://a;script-src.example.org/", "https://a,b.example.org/"] {
        assert!(url.parse::<HttpUrl>().is_ok(), "{url}");
    }
}
