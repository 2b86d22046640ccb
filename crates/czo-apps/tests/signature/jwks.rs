use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use czo_apps::{Jwk, Jwks, PublicKey, SecretError, SigningKey};
use serde_json::json;

/// The key of RFC 8037, appendix A.
fn key() -> SigningKey {
    let d = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    format!("whsk_{}", STANDARD.encode(d)).parse().unwrap()
}

#[test]
fn the_thumbprint_is_that_of_rfc_8037() {
    let key = key().public_key();
    assert_eq!(
        URL_SAFE_NO_PAD.encode(key.as_bytes()),
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    );
    assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn the_document_has_every_key_and_gives_it_back() {
    let keys = [key().public_key(), SigningKey::generate().unwrap().public_key()];
    let jwks = Jwks::of(&keys);
    let document = serde_json::to_value(&jwks).unwrap();
    assert_eq!(
        document["keys"][0],
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            "use": "sig",
            "alg": "EdDSA",
        })
    );
    let read: Jwks = serde_json::from_value(document).unwrap();
    let found: Result<Vec<PublicKey>, _> = read.keys.iter().map(Jwk::public_key).collect();
    assert_eq!(found.unwrap(), keys);
}

#[test]
fn a_key_of_another_kind_is_refused() {
    let jwk = Jwks::of([&key().public_key()]).keys.remove(0);
    let other = Jwk { crv: "X25519".to_owned(), ..jwk.clone() };
    assert_eq!(other.public_key(), Err(SecretError::Key { prefix: "x" }));
    let cut = Jwk { x: jwk.x[..20].to_owned(), ..jwk.clone() };
    assert!(matches!(cut.public_key(), Err(SecretError::Length { found: 15, .. })));
    let garbage = Jwk { x: "!".to_owned(), ..jwk };
    assert_eq!(garbage.public_key(), Err(SecretError::Encoding { prefix: "x" }));
}
