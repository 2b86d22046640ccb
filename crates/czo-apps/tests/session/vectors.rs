//! Tokens for whoever verifies them, in any language: `vectors.json`.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use czo_apps::{SessionClaims, SessionVerifier};
use hmac::{Hmac, Mac};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::fixture::{ISSUED, OTHER, SECRET, at, said, secret, token, verifier, verifier_with};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Vectors {
    description: String,
    secret: String,
    api_url: String,
    app: String,
    /// The clock of the one that verifies.
    now: i64,
    good: Vec<Vector>,
    refused: Vec<Vector>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Vector {
    name: String,
    token: String,
    /// What it says, if it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims: Option<Value>,
}

/// What a token says, with other values.
fn with(changes: Value) -> Value {
    let (mut said, Value::Object(changes)) = (said(), changes) else { panic!("an object") };
    said.as_object_mut().unwrap().extend(changes);
    said
}

fn sign(said: &Value, text: &str) -> String {
    let claims: SessionClaims = serde_json::from_value(said.clone()).unwrap();
    claims.sign(&secret(text)).expose_secret().to_owned()
}

/// A token with a header of the test's own, and the MAC that would be right.
pub(crate) fn forged(header: &Value, said: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(said));
    let key = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn vectors() -> Vectors {
    let good = |name: &str, said: Value| {
        let token = sign(&said, SECRET);
        Vector { name: name.to_owned(), token, claims: Some(said) }
    };
    let refused = |name: &str, token: String| Vector { name: name.to_owned(), token, claims: None };
    let mut without_entity = said();
    without_entity.as_object_mut().unwrap().remove("entity");
    let moved =
        |by: i64| with(json!({ "iat": ISSUED + by, "nbf": ISSUED + by, "exp": ISSUED + by + 60 }));
    let header = |alg: &str| json!({ "alg": alg, "typ": "JWT", "kid": said()["installation"] });
    let unsigned = forged(&header("none"), &said());
    let unsigned = unsigned.rsplit_once('.').unwrap().0.to_owned() + ".";
    let good_one = sign(&said(), SECRET);
    Vectors {
        description: "Session tokens: JSON Web Tokens signed by HS256. The key is the bytes behind `whsec_`, decoded from base64. An app takes the good ones at `now`, with a leeway of 10 s, and none of the refused.".to_owned(),
        secret: SECRET.to_owned(),
        api_url: "https://czo.example.com/api".to_owned(),
        app: "com.example.loyalty".to_owned(),
        now: ISSUED,
        good: vec![
            good("an order", said()),
            good("no entity", without_entity),
            good("settings", with(json!({ "mount": "SETTINGS", "extension": "setup" }))),
            good("nearly over", moved(-69)),
            good("a clock ahead", moved(10)),
        ],
        refused: vec![
            refused("over", sign(&moved(-70), SECRET)),
            refused("not yet", sign(&moved(11), SECRET)),
            refused("another app", sign(&with(json!({ "aud": "com.example.other" })), SECRET)),
            refused("another czo", sign(&with(json!({ "iss": "https://other.example/api" })), SECRET)),
            refused("another secret", sign(&said(), OTHER)),
            refused("alg none", unsigned),
            refused("alg none with a signature", forged(&header("none"), &said())),
            refused("alg HS512", forged(&header("HS512"), &said())),
            refused("alg RS256", forged(&header("RS256"), &said())),
            refused("signature cut off", good_one[..good_one.len() - 1].to_owned()),
        ],
    }
}

#[test]
fn the_vectors_are_the_agreed_ones() {
    let vectors = serde_json::to_string_pretty(&vectors()).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/session/vectors.json");
    if std::env::var_os("CZO_TEST_BLESS").is_some() {
        std::fs::write(path, &vectors).unwrap();
    }
    let agreed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(vectors, agreed, "if the change is meant: CZO_TEST_BLESS=1 and run this test again");
}

#[test]
fn good_vectors_are_verified_and_refused_ones_are_not() {
    let vectors = vectors();
    for Vector { name, token, claims } in &vectors.good {
        let verified = verifier().verify(token, at(vectors.now)).unwrap();
        assert_eq!(Some(serde_json::to_value(verified).unwrap()), *claims, "{name}");
    }
    for Vector { name, token, .. } in &vectors.refused {
        assert!(verifier().verify(token, at(vectors.now)).is_err(), "{name}");
    }
}

#[test]
fn the_signature_is_hmac_sha256_of_header_and_claims() {
    let token = token();
    let parts: Vec<_> = token.split('.').collect();
    let read = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": said()["installation"] });
    assert_eq!((read(parts[0]), read(parts[1])), (header, said()));
    let key = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}", parts[0], parts[1]).as_bytes());
    assert_eq!(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()), parts[2]);
}

#[test]
fn an_app_with_several_secrets_takes_tokens_of_each() {
    let both = verifier_with([secret(OTHER), secret(SECRET)]);
    for text in [SECRET, OTHER] {
        assert!(both.verify(&sign(&said(), text), at(ISSUED)).is_ok());
    }
    assert!(verifier_with([]).verify(&token(), at(ISSUED)).is_err());
}

#[test]
fn an_app_in_several_shops_finds_the_secret_by_the_claimed_installation() {
    let claimed = SessionVerifier::claimed_installation(&token()).unwrap();
    assert_eq!(claimed.to_string(), said()["installation"].as_str().unwrap());
}
