//! Why something is not signed, or not as it must be.

use std::time::Duration;

use czo_core::{Classified, ErrorKind};
use thiserror::Error;

/// Why a secret or a key can't be used. The text itself is in no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SecretError {
    /// It is of another kind, or of none.
    #[error("expected a text that begins with `{expected}`")]
    Prefix {
        /// What it begins with.
        expected: &'static str,
    },
    /// What follows is not base64.
    #[error("expected base64 behind `{prefix}`")]
    Encoding {
        /// What it begins with.
        prefix: &'static str,
    },
    /// It is too short or too long.
    #[error("expected {expected} bytes behind `{prefix}`, found {found}")]
    Length {
        /// What it begins with.
        prefix: &'static str,
        /// How many there may be.
        expected: &'static str,
        /// How many there are.
        found: usize,
    },
    /// The bytes are no key of ed25519, or one that signs for everyone.
    #[error("expected a key of ed25519 behind `{prefix}`")]
    Key {
        /// What it begins with.
        prefix: &'static str,
    },
    /// Nothing, or too much, to sign or to verify with.
    #[error("expected 1 to {most} secrets and keys, found {found}")]
    Number {
        /// How many there may be.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl Classified for SecretError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Random => ErrorKind::Internal,
            _ => ErrorKind::Invalid,
        }
    }
}

/// Why a message is not believed. Nothing of it may be used then.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// A header is missing.
    #[error("the header `{name}` is missing")]
    MissingHeader {
        /// Its name.
        name: &'static str,
    },
    /// The id is none.
    #[error("expected an id of 1 to 255 visible ASCII characters without a dot in `webhook-id`")]
    Id,
    /// The time is none.
    #[error("expected seconds since 1970 in `webhook-timestamp`")]
    Timestamp,
    /// The message was signed too long ago. It may have been held back, or sent again by somebody
    /// who has seen it.
    #[error("the message was signed {} s ago, which is more than {} s", age.as_secs(), tolerance.as_secs())]
    TooOld {
        /// How long ago.
        age: Duration,
        /// How long ago it may have been.
        tolerance: Duration,
    },
    /// The message was signed in the future: one of both clocks is wrong.
    #[error("the message was signed {} s in the future, which is more than {} s", ahead.as_secs(), tolerance.as_secs())]
    TooNew {
        /// How far ahead.
        ahead: Duration,
        /// How far it may be.
        tolerance: Duration,
    },
    /// The list of signatures has none that could be checked here: none at all, none that is whole,
    /// or only of kinds for which there is no key.
    #[error("`webhook-signature` has no whole signature of a kind that is expected here")]
    NoSignature,
    /// There are more signatures than anybody needs.
    #[error("expected at most {most} signatures in `webhook-signature`")]
    TooMany {
        /// How many there may be.
        most: usize,
    },
    /// No signature is of this message by one of the secrets and keys.
    #[error("no signature fits the message")]
    Mismatch,
}

impl Classified for SignatureError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::MissingHeader { .. }
            | Self::NoSignature
            | Self::TooOld { .. }
            | Self::TooNew { .. }
            | Self::Mismatch => ErrorKind::Unauthenticated,
            Self::Id | Self::Timestamp | Self::TooMany { .. } => ErrorKind::Invalid,
        }
    }
}
