//! Why there is no session token, and why one is not believed.

use std::time::Duration;

use czo_core::{Classified, ErrorKind};
use thiserror::Error;

use crate::{Identifier, InstallationId, Mount};

/// Why no session token is issued.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Nobody said who they are.
    #[error("this needs a token: send `Authorization: Bearer <token>`")]
    Anonymous,
    /// Nobody sits in front of the dashboard: it is czo itself, or an app.
    #[error("expected a person who uses the dashboard")]
    NotUser,
    /// The app may not act now.
    #[error("{id} is disabled")]
    Disabled {
        /// Which installation.
        id: InstallationId,
    },
    /// The app has no such extension there.
    #[error("the app has no extension `{extension}` at {mount}")]
    NoExtension {
        /// What was asked for.
        extension: Identifier,
        /// Where.
        mount: Mount,
    },
    /// What should be the id of what the page is about is none.
    #[error("expected an id of 1 to 255 visible ASCII characters")]
    Entity,
    /// There is nothing to sign with, as for an app that was removed meanwhile.
    #[error("{id} has no secret")]
    NoSecret {
        /// Which installation.
        id: InstallationId,
    },
}

impl Classified for SessionError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Anonymous => ErrorKind::Unauthenticated,
            Self::NotUser => ErrorKind::Forbidden,
            Self::Disabled { .. } | Self::NoSecret { .. } => ErrorKind::Conflict,
            Self::NoExtension { .. } => ErrorKind::NotFound,
            Self::Entity => ErrorKind::Invalid,
        }
    }
}

/// Why a session token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SessionTokenError {
    /// It is no JSON Web Token in compact form, or one without what a session token says.
    #[error("expected a session token, which is a JSON Web Token")]
    Form,
    /// It is signed by something else than HMAC-SHA256, or not at all, or asks for more than is
    /// understood here.
    #[error("expected a token signed by HS256")]
    Algorithm,
    /// It is not signed by one of the secrets, or was changed.
    #[error("no secret fits the signature")]
    Mismatch,
    /// It is of another czo.
    #[error("the token is of another issuer")]
    Issuer,
    /// It is for another app.
    #[error("the token is for another audience")]
    Audience,
    /// It is over.
    #[error("the token expired {} s ago", ago.as_secs())]
    Expired {
        /// Since when.
        ago: Duration,
    },
    /// It does not count yet: one of both clocks is wrong.
    #[error("the token counts in {} s only", ahead.as_secs())]
    NotYet {
        /// When it will.
        ahead: Duration,
    },
}

impl Classified for SessionTokenError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unauthenticated
    }
}
