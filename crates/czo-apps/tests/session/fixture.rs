//! A token that is good.

use chrono::{DateTime, Utc};
use czo_apps::{SessionClaims, SessionVerifier, SigningSecret};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// 2026-11-30T12:00:00Z.
pub(crate) const ISSUED: i64 = 1_796_040_000;

/// A secret as the handshake has it, of 32 bytes.
pub(crate) const SECRET: &str = "whsec_Y3pvIHNlc3Npb24gdG9rZW4gdmVjdG9yIHNlY3JldDE=";
pub(crate) const OTHER: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(crate) fn secret(text: &str) -> SigningSecret {
    text.parse().unwrap()
}

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// What a good token says.
pub(crate) fn said() -> Value {
    json!({
        "iss": "https://czo.example.com/api",
        "aud": "com.example.loyalty",
        "sub": "act_01jd3w2kh8f0rb9nq4z7v5m6xt",
        "shop": "shop_01jd3w2kh8f0rb9nq4z7v5m6xt",
        "installation": "app_01jd3w2kh8f0rb9nq4z7v5m6xt",
        "extension": "points",
        "mount": "ORDER_DETAILS",
        "entity": "order_01jd3w2kh8f0rb9nq4z7v5m6xt",
        "iat": ISSUED,
        "nbf": ISSUED,
        "exp": ISSUED + 60,
        "jti": "appsess_01jd3w2kh8f0rb9nq4z7v5m6xt",
    })
}

pub(crate) fn claims() -> SessionClaims {
    serde_json::from_value(said()).unwrap()
}

pub(crate) fn token() -> String {
    claims().sign(&secret(SECRET)).expose_secret().to_owned()
}

pub(crate) fn verifier() -> SessionVerifier {
    verifier_with([secret(SECRET)])
}

pub(crate) fn verifier_with(secrets: impl IntoIterator<Item = SigningSecret>) -> SessionVerifier {
    let api_url = "https://czo.example.com/api".parse().unwrap();
    SessionVerifier::new(api_url, "com.example.loyalty".parse().unwrap(), secrets)
}
