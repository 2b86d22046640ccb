//! Tokens that nobody believes.

use chrono::{DateTime, TimeDelta, Utc};
use czo_apps::SessionTokenError;
use czo_core::{Classified, ErrorKind};
use proptest::prelude::{ProptestConfig, any, prop, prop_assert, proptest};
use serde_json::{Value, json};

use crate::fixture::{ISSUED, at, said, token, verifier};
use crate::vectors::forged;

fn refusal(token: &str, now: DateTime<Utc>) -> SessionTokenError {
    verifier().verify(token, now).unwrap_err()
}

fn header() -> Value {
    json!({ "alg": "HS256", "typ": "JWT", "kid": said()["installation"] })
}

/// A token that says something else, well signed.
fn saying(name: &str, value: Value) -> String {
    let mut said = said();
    said[name] = value;
    forged(&header(), &said)
}

#[test]
fn a_token_counts_for_a_minute_and_ten_seconds_of_leeway() {
    let verify = |seconds| verifier().verify(&token(), at(ISSUED + seconds));
    for seconds in [-10, 0, 59, 60, 69] {
        assert!(verify(seconds).is_ok(), "{seconds}");
    }
    let over = SessionTokenError::Expired { ago: std::time::Duration::from_secs(10) };
    assert_eq!(verify(70), Err(over));
    assert!(verifier().verify(&token(), at(ISSUED + 70) - TimeDelta::milliseconds(1)).is_ok());
    let ahead = std::time::Duration::from_secs(11);
    assert_eq!(verify(-11), Err(SessionTokenError::NotYet { ahead }));
}

#[test]
fn the_latest_of_both_beginnings_counts() {
    for name in ["iat", "nbf"] {
        let token = saying(name, json!(ISSUED + 60));
        assert!(matches!(refusal(&token, at(ISSUED)), SessionTokenError::NotYet { .. }), "{name}");
    }
}

#[test]
fn a_token_for_another_app_or_of_another_czo_is_refused() {
    let other = saying("aud", json!("com.example.other"));
    assert_eq!(refusal(&other, at(ISSUED)), SessionTokenError::Audience);
    let both = saying("aud", json!(["com.example.loyalty", "com.example.other"]));
    assert_eq!(refusal(&both, at(ISSUED)), SessionTokenError::Form);
    let other = saying("iss", json!("https://czo.example.com/other"));
    assert_eq!(refusal(&other, at(ISSUED)), SessionTokenError::Issuer);
}

#[test]
fn every_other_algorithm_is_refused_whatever_the_signature() {
    for algorithm in ["none", "None", "NONE", "", "hs256", "HS384", "HS512", "RS256", "EdDSA"] {
        let mut header = header();
        header["alg"] = json!(algorithm);
        let token = forged(&header, &said());
        assert_eq!(refusal(&token, at(ISSUED)), SessionTokenError::Algorithm, "{algorithm}");
        let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
        assert!(verifier().verify(&unsigned, at(ISSUED)).is_err(), "{algorithm}");
    }
    let mut critical = header();
    critical["crit"] = json!(["b64"]);
    assert_eq!(refusal(&forged(&critical, &said()), at(ISSUED)), SessionTokenError::Algorithm);
}

#[test]
fn a_key_of_another_installation_than_the_token_speaks_of_is_refused() {
    let mut header = header();
    header["kid"] = json!("app_01jd3w2kh8f0rb9nq4z7v5m6xv");
    assert_eq!(refusal(&forged(&header, &said()), at(ISSUED)), SessionTokenError::Form);
    header.as_object_mut().unwrap().remove("kid");
    assert_eq!(refusal(&forged(&header, &said()), at(ISSUED)), SessionTokenError::Form);
}

#[test]
fn what_lacks_something_or_is_no_token_is_refused() {
    for name in ["iss", "aud", "sub", "shop", "installation", "mount", "iat", "nbf", "exp", "jti"] {
        let mut said = said();
        said.as_object_mut().unwrap().remove(name);
        assert_eq!(
            refusal(&forged(&header(), &said), at(ISSUED)),
            SessionTokenError::Form,
            "{name}"
        );
    }
    for value in [json!(i64::MAX), json!(i64::MIN), json!("soon"), json!(1.5), Value::Null] {
        let token = saying("exp", value.clone());
        assert!(verifier().verify(&token, at(ISSUED)).is_err(), "{value}");
    }
    let long = "a".repeat(1 << 20);
    for text in ["", ".", "..", "...", "a.b.c", "eyJhbGciOiJIUzI1NiJ9..", &long] {
        let refused = refusal(text, at(ISSUED));
        assert_eq!(
            (refused.kind(), refused),
            (ErrorKind::Unauthenticated, SessionTokenError::Form)
        );
    }
    assert_eq!(refusal(&format!("{}.{}", token(), "a"), at(ISSUED)), SessionTokenError::Form);
}

#[test]
fn no_error_repeats_the_token() {
    for text in [token() + "a", saying("aud", json!("com.example.other"))] {
        let error = refusal(&text, at(ISSUED));
        assert!(!format!("{error} {error:?}").contains("eyJ"), "{error:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_change_of_a_byte_is_refused(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let good = token();
        let mut bytes = good.clone().into_bytes();
        bytes[place.index(good.len())] = byte;
        if let Ok(changed) = String::from_utf8(bytes) && changed != good {
            prop_assert!(verifier().verify(&changed, at(ISSUED)).is_err());
        }
    }

    #[test]
    fn anything_that_was_cut_off_or_put_in_is_refused(
        place in any::<prop::sample::Index>(),
        more in "[A-Za-z0-9_.=-]{1,4}",
    ) {
        let good = token();
        let place = place.index(good.len());
        prop_assert!(verifier().verify(&good[..place], at(ISSUED)).is_err());
        prop_assert!(verifier().verify(&good[place + 1..], at(ISSUED)).is_err());
        let (before, after) = good.split_at(place);
        for changed in [[before, &more, after].concat(), [good.as_str(), &more].concat()] {
            prop_assert!(verifier().verify(&changed, at(ISSUED)).is_err());
        }
    }

    #[test]
    fn no_text_is_a_token(text in ".*") {
        prop_assert!(verifier().verify(&text, at(ISSUED)).is_err());
    }

    #[test]
    fn no_moment_but_its_own_minute_is_good(seconds in any::<i32>()) {
        let now = at(ISSUED + i64::from(seconds));
        prop_assert!(verifier().verify(&token(), now).is_ok() == (-10..70).contains(&seconds));
    }
}
