//! Keys of ed25519: the sender signs with one, and everybody may know the other.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::Zeroizing;

use super::error::SecretError;
use super::scheme::{self, SIGNATURE_LEN};

/// A key that only the sender has, by ed25519: `whsk_` and 64 bytes in base64, the key and its
/// public half. 32 bytes, the key alone, are read too. It is wiped from memory when it is dropped,
/// and `Debug` shows the public half only.
///
/// ```
/// use czo_apps::SigningKey;
///
/// let key = SigningKey::generate()?;
/// assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.public_key()));
/// # Ok::<(), czo_apps::SecretError>(())
/// ```
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// What the text form begins with.
    pub const PREFIX: &'static str = "whsk_";

    /// A new one, from 32 random bytes.
    ///
    /// # Errors
    ///
    /// [`SecretError::Random`], when the system gives no random numbers.
    pub fn generate() -> Result<Self, SecretError> {
        Ok(Self(ed25519_dalek::SigningKey::from_bytes(&*scheme::random::<32>()?)))
    }

    /// The half that receivers verify with.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The text form, for keeping it. Nobody but the sender needs it.
    #[must_use]
    pub fn expose(&self) -> SecretString {
        let bytes = Zeroizing::new(self.0.to_keypair_bytes());
        scheme::encode(Self::PREFIX, bytes.as_slice()).into()
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.0.sign(message).to_bytes()
    }
}

impl FromStr for SigningKey {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let prefix = Self::PREFIX;
        let bytes = scheme::decode(text, prefix)?;
        if let Ok(seed) = <&[u8; 32]>::try_from(bytes.as_slice()) {
            return Ok(Self(ed25519_dalek::SigningKey::from_bytes(seed)));
        }
        let Ok(pair) = <&[u8; 64]>::try_from(bytes.as_slice()) else {
            return Err(SecretError::Length { prefix, expected: "64", found: bytes.len() });
        };
        // Refuses a public half that is another's.
        ed25519_dalek::SigningKey::from_keypair_bytes(pair)
            .map(Self)
            .map_err(|_| SecretError::Key { prefix })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public_key())
    }
}

/// The public half of a [`SigningKey`]: `whpk_` and 32 bytes in base64. It is no secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// What the text form begins with.
    pub const PREFIX: &'static str = "whpk_";

    /// The bytes, as RFC 8032 has them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    pub(super) fn from_slice(bytes: &[u8], prefix: &'static str) -> Result<Self, SecretError> {
        let Ok(bytes) = <&[u8; 32]>::try_from(bytes) else {
            return Err(SecretError::Length { prefix, expected: "32", found: bytes.len() });
        };
        // One of small order would take one signature for many messages.
        let key = VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak());
        key.map(Self).ok_or(SecretError::Key { prefix })
    }

    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl FromStr for PublicKey {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_slice(&scheme::decode(text, Self::PREFIX)?, Self::PREFIX)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&scheme::encode(Self::PREFIX, self.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
