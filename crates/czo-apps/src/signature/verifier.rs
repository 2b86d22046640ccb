//! The receiver's side.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use subtle::Choice;

use super::error::{SecretError, SignatureError};
use super::headers::ReceivedHeaders;
use super::key::PublicKey;
use super::message_id::MessageId;
use super::scheme::{
    MAC_LEN, MAC_VERSION, MAX_KEYS, MAX_SIGNATURES, SIGNATURE_LEN, SIGNATURE_VERSION, preamble,
};
use super::secret::SigningSecret;

/// Verifies messages by Standard Webhooks 1.0.0, as an app does with those of czo.
///
/// A message is good if one of its signatures is whole and of exactly this id, time and body, by
/// one of the secrets and keys, and if it was signed within the tolerance of now. Secrets are
/// compared in a time that does not depend on how much fits. Whether the message has come before
/// only the receiver can know: it keeps the ids of what it has handled, for at least twice the
/// tolerance.
#[derive(Clone, Debug)]
pub struct Verifier {
    /// At least one in both together.
    secrets: Vec<SigningSecret>,
    keys: Vec<PublicKey>,
    tolerance: Duration,
}

/// What a message is verified with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum VerifierKey {
    /// A secret, for `v1` signatures.
    Secret(SigningSecret),
    /// A public key, for `v1a` signatures.
    Key(PublicKey),
}

/// What is known of a message that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// What tells it from others; the same at each attempt.
    pub id: MessageId,
    /// When this attempt was made, to the second.
    pub timestamp: DateTime<Utc>,
}

impl From<SigningSecret> for VerifierKey {
    fn from(secret: SigningSecret) -> Self {
        Self::Secret(secret)
    }
}

impl From<PublicKey> for VerifierKey {
    fn from(key: PublicKey) -> Self {
        Self::Key(key)
    }
}

impl Verifier {
    /// The most secrets and keys of one verifier.
    pub const MAX_KEYS: usize = MAX_KEYS;

    /// How far from now a message may have been signed, unless it is said otherwise.
    pub const TOLERANCE: Duration = Duration::from_secs(300);

    /// A verifier with one secret or key.
    #[must_use]
    pub fn new(key: impl Into<VerifierKey>) -> Self {
        Self::with([key.into()])
    }

    /// A verifier with several, any of which may have signed.
    ///
    /// # Errors
    ///
    /// [`SecretError::Number`], for none or more than [`Self::MAX_KEYS`].
    pub fn of(keys: impl IntoIterator<Item = VerifierKey>) -> Result<Self, SecretError> {
        let keys: Vec<_> = keys.into_iter().collect();
        match keys.len() {
            1..=MAX_KEYS => Ok(Self::with(keys)),
            found => Err(SecretError::Number { most: MAX_KEYS, found }),
        }
    }

    fn with(all: impl IntoIterator<Item = VerifierKey>) -> Self {
        let (mut secrets, mut keys) = (Vec::new(), Vec::new());
        for key in all {
            match key {
                VerifierKey::Secret(secret) => secrets.push(secret),
                VerifierKey::Key(key) => keys.push(key),
            }
        }
        Self { secrets, keys, tolerance: Self::TOLERANCE }
    }

    /// How far from now, back or ahead, a message may have been signed; 300 s by default.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Verifies a message. `body` is what was received, byte by byte; JSON that was read and
    /// written again is another.
    ///
    /// # Errors
    ///
    /// [`SignatureError`]; nothing of the message may be used then.
    pub fn verify(
        &self,
        headers: &ReceivedHeaders<'_>,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Verified, SignatureError> {
        let id: MessageId = headers.id.parse()?;
        let timestamp = parse_timestamp(headers.timestamp)?;
        self.check_time(timestamp, now)?;
        let signatures = Signatures::parse(headers.signature)?;
        let expected = (!self.secrets.is_empty() && !signatures.macs.is_empty())
            || (!self.keys.is_empty() && !signatures.signatures.is_empty());
        if !expected {
            return Err(SignatureError::NoSignature);
        }
        let preamble = preamble(id.as_str(), timestamp.timestamp());
        if self.is_signed(&preamble, body, &signatures) {
            Ok(Verified { id, timestamp })
        } else {
            Err(SignatureError::Mismatch)
        }
    }

    fn check_time(&self, at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), SignatureError> {
        let tolerance = self.tolerance;
        // Whole seconds, since there are no others in the header.
        let (at, now) = (at.timestamp(), now.timestamp());
        let seconds = Duration::from_secs(at.abs_diff(now));
        let (age, ahead) =
            if at <= now { (seconds, Duration::ZERO) } else { (Duration::ZERO, seconds) };
        if age > tolerance {
            Err(SignatureError::TooOld { age, tolerance })
        } else if ahead > tolerance {
            Err(SignatureError::TooNew { ahead, tolerance })
        } else {
            Ok(())
        }
    }

    fn is_signed(&self, preamble: &str, body: &[u8], signatures: &Signatures) -> bool {
        let no = Choice::from(0);
        let by_secret = self
            .secrets
            .iter()
            .fold(no, |found, secret| found | secret.has_signed(preamble, body, &signatures.macs));
        if bool::from(by_secret) {
            return true;
        }
        if self.keys.is_empty() || signatures.signatures.is_empty() {
            return false;
        }
        // All of this is public: it may take as long as it takes.
        let message = [preamble.as_bytes(), body].concat();
        self.keys.iter().any(|key| {
            signatures.signatures.iter().any(|signature| key.has_signed(&message, signature))
        })
    }
}

/// The signatures of a message that are whole, by their kind.
#[derive(Debug, Default)]
struct Signatures {
    macs: Vec<[u8; MAC_LEN]>,
    signatures: Vec<[u8; SIGNATURE_LEN]>,
}

impl Signatures {
    /// Reads a list. What is of another kind or not whole is passed over, so that a sender may add
    /// kinds; a signature that was cut off is none, however well its beginning fits
    /// (RUSTSEC-2024-0010).
    fn parse(list: &str) -> Result<Self, SignatureError> {
        let mut all = Self::default();
        let mut number = 0;
        for text in list.split(' ').filter(|text| !text.is_empty()) {
            number += 1;
            if number > MAX_SIGNATURES {
                return Err(SignatureError::TooMany { most: MAX_SIGNATURES });
            }
            match text.split_once(',') {
                Some((MAC_VERSION, encoded)) => all.macs.extend(decode(encoded)),
                Some((SIGNATURE_VERSION, encoded)) => all.signatures.extend(decode(encoded)),
                _ => {}
            }
        }
        Ok(all)
    }
}

/// Exactly `N` bytes of base64 with padding.
fn decode<const N: usize>(encoded: &str) -> Option<[u8; N]> {
    // No more than that many are looked at.
    let fits = encoded.len() == N.div_ceil(3) * 4;
    STANDARD.decode(fits.then_some(encoded)?).ok()?.try_into().ok()
}

/// Seconds since 1970, written as the sender signed them.
fn parse_timestamp(text: &str) -> Result<DateTime<Utc>, SignatureError> {
    let is_canonical =
        text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let seconds = is_canonical.then(|| text.parse().ok()).flatten();
    seconds
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .ok_or(SignatureError::Timestamp)
}
