//! What can go wrong with an app.

use czo_core::{Classified, ErrorKind, FieldError};
use thiserror::Error;

use crate::{ManifestError, SecretError, SignatureError};

/// What can go wrong with an app: any error of this crate, for those who do more than one thing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AppError {
    /// A manifest breaks its rules.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A message is not signed as it must be.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// A secret or a key can't be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl Classified for AppError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Manifest(error) => error.kind(),
            Self::Signature(error) => error.kind(),
            Self::Secret(error) => error.kind(),
        }
    }

    fn field_errors(&self) -> &[FieldError] {
        match self {
            Self::Manifest(error) => error.field_errors(),
            Self::Signature(error) => error.field_errors(),
            Self::Secret(error) => error.field_errors(),
        }
    }
}
