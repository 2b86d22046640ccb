//! Secrets that sender and receiver share.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::error::SecretError;
use super::scheme::{self, MAC_LEN};

/// A secret that the sender signs with and the receiver verifies with, by HMAC-SHA256: `whsec_`
/// and 24 to 64 bytes in base64. It is wiped from memory when it is dropped, and `Debug` does not
/// show it.
///
/// ```
/// use czo_apps::SigningSecret;
///
/// let secret: SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
/// assert_eq!(format!("{secret:?}"), "SigningSecret(whsec_…)");
/// # Ok::<(), czo_apps::SecretError>(())
/// ```
#[derive(Clone)]
pub struct SigningSecret(Zeroizing<Vec<u8>>);

impl SigningSecret {
    /// What the text form begins with.
    pub const PREFIX: &'static str = "whsec_";

    /// A new one, of 32 random bytes.
    ///
    /// # Errors
    ///
    /// [`SecretError::Random`], when the system gives no random numbers.
    pub fn generate() -> Result<Self, SecretError> {
        Ok(Self(Zeroizing::new(scheme::random::<32>()?.to_vec())))
    }

    /// The text form, for whoever is to verify with it.
    #[must_use]
    pub fn expose(&self) -> SecretString {
        scheme::encode(Self::PREFIX, &self.0).into()
    }

    /// The bytes of a MAC.
    pub(crate) const MAC_LEN: usize = MAC_LEN;

    /// HMAC-SHA256 of a message.
    pub(crate) fn mac(&self, message: &[u8]) -> [u8; MAC_LEN] {
        self.sign("", message)
    }

    /// Whether a MAC is that of a message, in a time that does not depend on how much of it fits.
    pub(crate) fn has_made(&self, message: &[u8], mac: &[u8; MAC_LEN]) -> Choice {
        self.mac(message).ct_eq(mac)
    }

    pub(super) fn sign(&self, preamble: &str, body: &[u8]) -> [u8; MAC_LEN] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes any key");
        mac.update(preamble.as_bytes());
        mac.update(body);
        mac.finalize().into_bytes().into()
    }

    /// Whether it has made this signature, in a time that does not depend on how much of it fits.
    pub(super) fn has_signed(&self, preamble: &str, body: &[u8], macs: &[[u8; MAC_LEN]]) -> Choice {
        let expected = self.sign(preamble, body);
        macs.iter().fold(Choice::from(0), |found, mac| found | expected.ct_eq(mac))
    }
}

impl FromStr for SigningSecret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let prefix = Self::PREFIX;
        let bytes = scheme::decode(text, prefix)?;
        match bytes.len() {
            24..=64 => Ok(Self(bytes)),
            found => Err(SecretError::Length { prefix, expected: "24 to 64", found }),
        }
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(whsec_…)")
    }
}
