//! The sender's side.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use super::error::SecretError;
use super::headers::SignatureHeaders;
use super::key::{PublicKey, SigningKey};
use super::message_id::MessageId;
use super::scheme::{MAC_VERSION, MAX_KEYS, SIGNATURE_VERSION, preamble};
use super::secret::SigningSecret;

/// Signs messages by Standard Webhooks 1.0.0, with one secret or key or with several: while one is
/// replaced, a receiver that knows only the old one and one that knows only the new one both find
/// a signature that fits.
///
/// ```
/// use czo_apps::{Signer, SigningKey, SigningSecret};
///
/// let (old, new) = (SigningSecret::generate()?, SigningSecret::generate()?);
/// let signer = Signer::of([new.into(), old.into(), SigningKey::generate()?.into()])?;
/// let headers = signer.sign(&"msg_1".parse()?, chrono::Utc::now(), b"{}");
/// assert_eq!(headers.signature().split(' ').count(), 3);
/// # Ok::<(), czo_apps::AppError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    /// At least one, the newest first.
    keys: Vec<SignerKey>,
}

/// What a message is signed with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SignerKey {
    /// A secret: a `v1` signature.
    Secret(SigningSecret),
    /// A key: a `v1a` signature.
    Key(SigningKey),
}

impl From<SigningSecret> for SignerKey {
    fn from(secret: SigningSecret) -> Self {
        Self::Secret(secret)
    }
}

impl From<SigningKey> for SignerKey {
    fn from(key: SigningKey) -> Self {
        Self::Key(key)
    }
}

impl Signer {
    /// The most secrets and keys of one signer.
    pub const MAX_KEYS: usize = MAX_KEYS;

    /// A signer with one secret or key.
    #[must_use]
    pub fn new(key: impl Into<SignerKey>) -> Self {
        Self { keys: vec![key.into()] }
    }

    /// A signer with several, the newest first. Each message gets a signature by each, in this
    /// order.
    ///
    /// # Errors
    ///
    /// [`SecretError::Number`], for none or more than [`Self::MAX_KEYS`].
    pub fn of(keys: impl IntoIterator<Item = SignerKey>) -> Result<Self, SecretError> {
        let keys: Vec<_> = keys.into_iter().collect();
        match keys.len() {
            1..=MAX_KEYS => Ok(Self { keys }),
            found => Err(SecretError::Number { most: MAX_KEYS, found }),
        }
    }

    /// The public halves of its keys, the newest first.
    pub(crate) fn public_keys(&self) -> Vec<PublicKey> {
        let public = |key: &SignerKey| match key {
            SignerKey::Key(key) => Some(key.public_key()),
            SignerKey::Secret(_) => None,
        };
        self.keys.iter().filter_map(public).collect()
    }

    /// Of the secrets the oldest, which whoever is to verify has had for longest.
    pub(crate) fn oldest_secret(&self) -> Option<&SigningSecret> {
        self.keys.iter().rev().find_map(|key| match key {
            SignerKey::Secret(secret) => Some(secret),
            SignerKey::Key(_) => None,
        })
    }

    /// The headers of an attempt, at `now`, to deliver a message. The body must be sent byte by
    /// byte as it is here.
    #[must_use]
    pub fn sign(&self, id: &MessageId, now: DateTime<Utc>, body: &[u8]) -> SignatureHeaders {
        let timestamp = now.timestamp();
        let preamble = preamble(id.as_str(), timestamp);
        let mut signature = String::with_capacity(self.keys.len() * 96);
        for key in &self.keys {
            if !signature.is_empty() {
                signature.push(' ');
            }
            key.sign(&preamble, body, &mut signature);
        }
        SignatureHeaders { id: id.as_str().to_owned(), timestamp: timestamp.to_string(), signature }
    }
}

impl SignerKey {
    fn sign(&self, preamble: &str, body: &[u8], list: &mut String) {
        match self {
            Self::Secret(secret) => {
                list.push_str(MAC_VERSION);
                list.push(',');
                STANDARD.encode_string(secret.sign(preamble, body), list);
            }
            Self::Key(key) => {
                list.push_str(SIGNATURE_VERSION);
                list.push(',');
                STANDARD.encode_string(key.sign(&[preamble.as_bytes(), body].concat()), list);
            }
        }
    }
}
