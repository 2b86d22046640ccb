//! Public keys as a document that receivers fetch.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::SecretError;
use super::key::PublicKey;

/// A set of public keys (RFC 7517). While a key is replaced, it has both.
///
/// ```
/// use czo_apps::{Jwks, SigningKey};
///
/// let key = SigningKey::generate()?.public_key();
/// let jwks = Jwks::of([&key]);
/// assert_eq!(jwks.keys[0].public_key()?, key);
/// # Ok::<(), czo_apps::SecretError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// A public key of ed25519 as JSON (RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Jwk {
    /// `OKP`.
    pub kty: String,
    /// `Ed25519`.
    pub crv: String,
    /// The 32 bytes of the key in base64url.
    pub x: String,
    /// The key's thumbprint (RFC 7638), by which it is found.
    pub kid: String,
    /// `sig`: it is for signatures.
    #[serde(rename = "use")]
    pub usage: String,
    /// `EdDSA`.
    pub alg: String,
}

impl Jwks {
    /// The set of these keys.
    pub fn of<'a>(keys: impl IntoIterator<Item = &'a PublicKey>) -> Self {
        Self { keys: keys.into_iter().map(Jwk::from).collect() }
    }
}

impl From<&PublicKey> for Jwk {
    fn from(key: &PublicKey) -> Self {
        Self {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: URL_SAFE_NO_PAD.encode(key.as_bytes()),
            kid: key.thumbprint(),
            usage: "sig".to_owned(),
            alg: "EdDSA".to_owned(),
        }
    }
}

impl Jwk {
    /// The key, for a [`Verifier`](crate::Verifier). Only `kty`, `crv` and `x` say which it is.
    ///
    /// # Errors
    ///
    /// [`SecretError::Key`] for a key of another kind, [`SecretError::Encoding`] and
    /// [`SecretError::Length`] for what is none.
    pub fn public_key(&self) -> Result<PublicKey, SecretError> {
        let prefix = "x";
        if self.kty != "OKP" || self.crv != "Ed25519" {
            return Err(SecretError::Key { prefix });
        }
        let fits = self.x.len() <= 128;
        let bytes = fits.then(|| URL_SAFE_NO_PAD.decode(&self.x).ok()).flatten();
        PublicKey::from_slice(&bytes.ok_or(SecretError::Encoding { prefix })?, prefix)
    }
}

impl PublicKey {
    /// The thumbprint of the key (RFC 7638), which is its `kid` in a [`Jwks`].
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.as_bytes());
        // The members that are required, in their order, without a space.
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        URL_SAFE_NO_PAD.encode(Sha256::digest(members))
    }
}
