//! What is signed, and how secrets, keys and signatures are written.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::error::SecretError;

/// The bytes of a signature by HMAC-SHA256, and of one by ed25519.
pub(super) const MAC_LEN: usize = 32;
pub(super) const SIGNATURE_LEN: usize = 64;

/// How a signature says by what it was made.
pub(super) const MAC_VERSION: &str = "v1";
pub(super) const SIGNATURE_VERSION: &str = "v1a";

/// How many secrets and keys a message is signed or verified with, and how many signatures a
/// message may have.
pub(super) const MAX_KEYS: usize = 10;
pub(super) const MAX_SIGNATURES: usize = 20;

/// What comes before the body in what is signed.
pub(super) fn preamble(id: &str, timestamp: i64) -> String {
    format!("{id}.{timestamp}.")
}

/// The bytes of a secret or key that is written as a prefix and base64. They are wiped when they
/// are dropped.
pub(super) fn decode(text: &str, prefix: &'static str) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let encoded = text.strip_prefix(prefix).ok_or(SecretError::Prefix { expected: prefix })?;
    // Nothing here is longer than 64 bytes.
    let bytes = (encoded.len() <= 128).then(|| STANDARD.decode(encoded).ok()).flatten();
    bytes.map(Zeroizing::new).ok_or(SecretError::Encoding { prefix })
}

/// The text form of a secret or key.
pub(super) fn encode(prefix: &str, bytes: &[u8]) -> String {
    let mut text = String::with_capacity(prefix.len() + bytes.len().div_ceil(3) * 4);
    text.push_str(prefix);
    STANDARD.encode_string(bytes, &mut text);
    text
}

/// Fills bytes with random ones.
pub(super) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, SecretError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| SecretError::Random)?;
    Ok(bytes)
}
