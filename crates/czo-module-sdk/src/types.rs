//! What every interface of the WIT package speaks of: `types.wit`, by hand, so that it has
//! messages and conversions of its own.

use std::error::Error;
use std::fmt;

/// A JSON document as text.
pub type Json = String;

/// For whom and why the module is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The same through everything that one request causes.
    pub correlation_id: String,
    /// The shop (`shop_...`); none for what belongs to no shop.
    pub shop: Option<String>,
    /// Who acts: `act_...` for a person or an app, `system`; none for an anonymous caller.
    pub actor: Option<String>,
}

/// Why a call of the module did not succeed.
///
/// `?` makes one of a [`HostError`] (unavailable: [`Retry`](Self::Retry), everything else:
/// [`Broken`](Self::Broken)) and of an error of `serde_json` ([`Invalid`](Self::Invalid)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// What was given is wrong; the same call fails again. Shown to the caller.
    Invalid(String),
    /// There is no such thing. Shown to the caller.
    NotFound(String),
    /// It may succeed later: the event or the job is tried again, as its schedule says.
    Retry(String),
    /// The module can't do it. Logged; a caller is told only that the module failed.
    Broken(String),
}

impl Failure {
    /// [`Invalid`](Self::Invalid), from any text.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// [`NotFound`](Self::NotFound), from any text.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound(message.into())
    }

    /// [`Retry`](Self::Retry), from any text.
    pub fn retry(message: impl Into<String>) -> Self {
        Self::Retry(message.into())
    }

    /// [`Broken`](Self::Broken), from any text.
    pub fn broken(message: impl Into<String>) -> Self {
        Self::Broken(message.into())
    }

    /// What was wrong, in words.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Invalid(message)
            | Self::NotFound(message)
            | Self::Retry(message)
            | Self::Broken(message) => message,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl Error for Failure {}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Unavailable(message) => Self::Retry(message),
            HostError::Denied(message)
            | HostError::Invalid(message)
            | HostError::Limit(message) => Self::Broken(message),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// Why the server did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostError {
    /// The manifest does not grant it. The text names what to add to `permissions`.
    Denied(String),
    /// What was given is wrong.
    Invalid(String),
    /// A limit of the call or of the module is reached.
    Limit(String),
    /// What is asked is not there just now; it may be later.
    Unavailable(String),
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Denied(message)
        | Self::Invalid(message)
        | Self::Limit(message)
        | Self::Unavailable(message)) = self;
        f.write_str(message)
    }
}

impl Error for HostError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(error: impl Into<Failure>) -> Failure {
        error.into()
    }

    #[test]
    fn only_what_may_be_there_later_is_tried_again() {
        let text = || "so it is".to_owned();
        assert_eq!(failed(HostError::Unavailable(text())), Failure::Retry(text()));
        assert_eq!(failed(HostError::Denied(text())), Failure::Broken(text()));
        assert_eq!(failed(HostError::Invalid(text())), Failure::Broken(text()));
        assert_eq!(failed(HostError::Limit(text())), Failure::Broken(text()));
    }

    #[test]
    fn what_serde_cannot_read_is_invalid() {
        let error = serde_json::from_str::<u8>("\"x\"").expect_err("no number");
        assert!(matches!(failed(error), Failure::Invalid(_)));
    }
}
