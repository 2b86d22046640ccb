//! Why apps that were asked gave no answer.

use std::error::Error;
use std::time::Duration;

use czo_core::{Classified, ErrorKind, EventType, FieldError, NoShop};
use czo_fetch::FetchError;
use czo_repo::DatabaseError;
use thiserror::Error;

use super::breaker::Went;
use crate::{AppId, AppWebhookId, InstallationId};

/// Why a question has no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SyncCallError {
    /// No shop is named, whose apps could be asked.
    #[error(transparent)]
    NoShop(#[from] NoShop),
    /// An app without whose answer it does not go on gave none.
    #[error("the app {app} has not answered `{question}` (webhook `{identifier}`): {failure}")]
    NoAnswer {
        /// Which app.
        app: AppId,
        /// Its installation in the shop.
        installation: InstallationId,
        /// Which webhook.
        webhook: AppWebhookId,
        /// What its manifest calls that.
        identifier: String,
        /// What was asked.
        question: EventType,
        /// Why not. Boxed, since it is the larger part of the error.
        failure: Box<SyncFailure>,
    },
    /// Which apps are to be asked can't be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Classified for SyncCallError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoShop(_) => ErrorKind::Invalid,
            Self::NoAnswer { .. } => ErrorKind::Unavailable,
            Self::Database(error) => error.kind(),
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Database(error) => error.is_retryable(),
            other => other.kind() == ErrorKind::Unavailable,
        }
    }
}

/// Why one app gave no answer that can be used. What it answered is not repeated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SyncFailure {
    /// It took longer than its manifest says.
    #[error("there was no whole answer within {} ms", deadline.as_millis())]
    Timeout {
        /// How long it may take.
        deadline: Duration,
    },
    /// It can't be reached, or the connection broke, or the address is none that czo asks.
    #[error("it cannot be reached: {}", czo_core::describe(.0))]
    Unreachable(FetchError),
    /// It answered that it has not done it. A redirect is one of these; nobody follows it.
    #[error("the answer was status {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// There is more of the answer than is read.
    #[error("the answer has more than {limit} bytes")]
    TooLarge {
        /// How many it may have.
        limit: usize,
    },
    /// The answer is not JSON.
    #[error("the answer is not JSON")]
    NotJson,
    /// The answer breaks the schema that the app's manifest has for it.
    #[error("the answer breaks the app's schema: {field}")]
    Schema {
        /// What was found first. Values are not repeated.
        field: FieldError,
    },
    /// The answer fits the app's own schema, but is nothing that whoever asked can use.
    #[error("the answer is not of the form that the question wants")]
    Unfit,
    /// It failed so often that it is not asked for a while.
    #[error("it failed too often, and is asked again in {} ms", again.as_millis())]
    Open {
        /// When it will be.
        again: Duration,
    },
    /// As many calls are under way as may be.
    #[error("{most} calls of it are under way already")]
    Busy {
        /// How many may be.
        most: usize,
    },
    /// The message can't be signed.
    #[error("the message cannot be signed: {}", czo_core::describe(&**.0))]
    Unsigned(Box<dyn Error + Send + Sync>),
    /// What is kept of the webhook is none of `sync` mode.
    #[error("its definition cannot be read")]
    Unreadable,
    /// A fault of czo.
    #[error("the call panicked")]
    Panicked,
}

impl SyncFailure {
    /// As metrics name it.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Timeout { .. } => "timeout",
            Self::Unreachable(_) => "unreachable",
            Self::Status { .. } => "status",
            Self::TooLarge { .. } => "too_large",
            Self::NotJson => "not_json",
            Self::Schema { .. } => "schema",
            Self::Unfit => "unfit",
            Self::Open { .. } => "open",
            Self::Busy { .. } => "busy",
            Self::Unsigned(_) => "unsigned",
            Self::Unreadable => "unreadable",
            Self::Panicked => "panicked",
        }
    }

    /// What it tells of the app: one that answers is there, however wrong the answer is.
    pub(super) fn went(&self) -> Went {
        match self {
            Self::Timeout { .. }
            | Self::Unreachable(_)
            | Self::Status { status: 429 | 500.. }
            | Self::Panicked => Went::Badly,
            Self::Status { .. }
            | Self::TooLarge { .. }
            | Self::NotJson
            | Self::Schema { .. }
            | Self::Unfit => Went::Well,
            Self::Open { .. } | Self::Busy { .. } | Self::Unsigned(_) | Self::Unreadable => {
                Went::Unknown
            }
        }
    }
}
