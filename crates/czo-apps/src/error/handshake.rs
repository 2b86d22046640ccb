//! What an app did not do of its part of an installation.

use std::fmt;

use czo_core::{Classified, ErrorKind, describe};

use crate::TransportError;

/// A message of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandshakeStep {
    /// `app.challenge`: the app is to repeat what it is given. Nothing secret has left by then.
    Challenge,
    /// `app.installed`: the app gets its token and what messages to it are signed with.
    Installed,
}

impl fmt::Display for HandshakeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Challenge => "`app.challenge`",
            Self::Installed => "`app.installed`",
        })
    }
}

/// What went wrong with a message of the handshake.
#[derive(Debug)]
#[non_exhaustive]
pub enum HandshakeProblem {
    /// There was no answer.
    NoAnswer(TransportError),
    /// The answer was no 2xx.
    Status {
        /// Its status.
        status: u16,
        /// The beginning of its body, where what was sent in secret is left out.
        answer: String,
    },
    /// The answer does not repeat the challenge.
    WrongChallenge {
        /// The beginning of its body.
        answer: String,
    },
}

impl HandshakeProblem {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::NoAnswer(error) => error.kind(),
            Self::Status { status: 500.., .. } => ErrorKind::Unavailable,
            Self::Status { .. } | Self::WrongChallenge { .. } => ErrorKind::Invalid,
        }
    }
}

impl fmt::Display for HandshakeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer(error) => f.write_str(&describe(error)),
            Self::Status { status, answer } if answer.is_empty() => {
                write!(f, "the app answered with the status {status}")
            }
            Self::Status { status, answer } => {
                write!(f, "the app answered with the status {status}: {answer}")
            }
            Self::WrongChallenge { answer } => write!(
                f,
                "expected the challenge back as `{{\"challenge\": \"…\"}}`, the app answered: {answer}"
            ),
        }
    }
}
