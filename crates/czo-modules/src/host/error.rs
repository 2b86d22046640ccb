//! Why the server did not do what a module asked for.

use thiserror::Error;

/// Why an import did not do what it was asked for. Its text is what the module is told: it holds
/// nothing of other modules and no secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HostError {
    /// The manifest does not grant it.
    #[error("{0}")]
    Denied(String),
    /// What was given is wrong.
    #[error("{0}")]
    Invalid(String),
    /// A limit of the call or of the module is reached.
    #[error("{0}")]
    Limit(String),
    /// What is asked is not there just now; it may be later.
    #[error("{0}")]
    Unavailable(String),
}
