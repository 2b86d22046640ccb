//! What can go wrong with an app.

mod handshake;

use czo_core::{
    Classified, ErrorKind, EventError, FieldError, NoShop, Permission, PermissionError,
};
use czo_repo::{DatabaseError, RepoError};
use sea_orm::DbErr;
use thiserror::Error;

pub use self::handshake::{HandshakeProblem, HandshakeStep};
use crate::{AppGrant, AppId, InstallationId, ManifestError, NewHost, SecretError, SignatureError};
use crate::{FrameError, HttpUrl, SessionError, SessionTokenError, SyncCallError};
use crate::{TransportError, VaultError};

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
    /// What is sealed can't be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// An app that was asked gave no answer.
    #[error(transparent)]
    SyncCall(#[from] SyncCallError),
    /// No session token is issued.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A session token is not believed.
    #[error(transparent)]
    SessionToken(#[from] SessionTokenError),
    /// An extension is shown in no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The caller may not do this.
    #[error(transparent)]
    Permission(#[from] PermissionError),
    /// Nobody said who they are.
    #[error("this needs a token: send `Authorization: Bearer <token>`")]
    NoToken,
    /// It is not an app that asks.
    #[error("this is for apps only: send the token of an app")]
    NotApp,
    /// No shop is named.
    #[error(transparent)]
    NoShop(#[from] NoShop),
    /// The app asks for what whoever consents may not do, and so can't hand on.
    #[error("the app asks for what you may not do yourself: {}", list(missing))]
    NotYours {
        /// All that are missing.
        missing: Vec<Permission>,
    },
    /// The app asks for more than was consented to.
    #[error("the app asks for more than you have consented to: {}", list(missing))]
    NotConsented {
        /// All that are missing.
        missing: Vec<AppGrant>,
    },
    /// The app wants to be at other hosts than was consented to.
    #[error("the app wants to be where you have not consented to: {}", list(missing))]
    HostsNotConsented {
        /// All that are missing.
        missing: Vec<NewHost>,
    },
    /// The app is in the shop, or somebody installs it right now.
    #[error("{identifier} is installed in this shop already, or is being installed")]
    AlreadyInstalled {
        /// Which app.
        identifier: AppId,
    },
    /// There is no such installation in the shop.
    #[error("there is no app {id} in this shop")]
    NotFound {
        /// What was asked for.
        id: InstallationId,
    },
    /// The installation is not finished.
    #[error("{id} is still being installed")]
    Installing {
        /// Which installation.
        id: InstallationId,
    },
    /// The installation was removed while it was under way.
    #[error("{id} was removed while it was being installed")]
    Removed {
        /// Which installation.
        id: InstallationId,
    },
    /// An update is of another app.
    #[error("expected a manifest of {expected}, found one of {found}")]
    OtherApp {
        /// Which app is installed.
        expected: AppId,
        /// Whose manifest it is.
        found: AppId,
    },
    /// An update without a manifest, of an app that does not say where its manifest is.
    #[error("the app does not say where its manifest is: hand one in, or its URL")]
    NoManifestUrl,
    /// A manifest is not fetched from there.
    #[error("expected a URL that begins with `https://`, found {url}")]
    Insecure {
        /// From where.
        url: HttpUrl,
    },
    /// There is no manifest at its URL.
    #[error("the manifest cannot be fetched from {url}")]
    Fetch {
        /// From where.
        url: HttpUrl,
        /// Why.
        source: TransportError,
    },
    /// There is an answer at the URL of a manifest, and it is none.
    #[error("the manifest cannot be fetched from {url}: the answer has the status {status}")]
    FetchStatus {
        /// From where.
        url: HttpUrl,
        /// The status.
        status: u16,
    },
    /// The app did not do its part of an installation, and nothing of it is left.
    #[error("the app is not installed: at {step}, {problem}")]
    Handshake {
        /// When.
        step: HandshakeStep,
        /// What went wrong.
        problem: HandshakeProblem,
    },
    /// The app has nothing that can be set up.
    #[error("the app has nothing that can be set up: its manifest has no `configSchema`")]
    NoConfigSchema,
    /// What is set up breaks the app's schema.
    #[error("the configuration is refused: {}", list(fields))]
    Config {
        /// Everything that is wrong with it. Values are not repeated.
        fields: Vec<FieldError>,
    },
    /// So many are valid at once that no more can be made.
    #[error(
        "the app has {most} {what} that are still valid: revoke some, or wait until they have expired"
    )]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many may be valid at once.
        most: usize,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// Something has no JSON form.
    #[error("something cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
    /// An event can't be told.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A row can't be read or written.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<DbErr> for AppError {
    fn from(error: DbErr) -> Self {
        DatabaseError::from(error).into()
    }
}

fn list<T: ToString>(items: &[T]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

impl Classified for AppError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Manifest(error) => error.kind(),
            Self::Signature(error) => error.kind(),
            Self::Secret(error) => error.kind(),
            Self::Vault(error) => error.kind(),
            Self::SyncCall(error) => error.kind(),
            Self::Session(error) => error.kind(),
            Self::SessionToken(error) => error.kind(),
            Self::Frame(error) => error.kind(),
            Self::Permission(error) => error.kind(),
            Self::Repo(error) => error.kind(),
            Self::Database(error) => error.kind(),
            Self::Fetch { source, .. } => source.kind(),
            Self::Handshake { problem, .. } => problem.kind(),
            Self::NoToken => ErrorKind::Unauthenticated,
            Self::NotYours { .. } | Self::NotApp => ErrorKind::Forbidden,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::NotConsented { .. }
            | Self::HostsNotConsented { .. }
            | Self::AlreadyInstalled { .. }
            | Self::Installing { .. }
            | Self::Removed { .. }
            | Self::TooMany { .. } => ErrorKind::Conflict,
            Self::NoShop(_)
            | Self::OtherApp { .. }
            | Self::NoManifestUrl
            | Self::Insecure { .. }
            | Self::FetchStatus { .. }
            | Self::NoConfigSchema
            | Self::Config { .. } => ErrorKind::Invalid,
            Self::Random | Self::Encode(_) | Self::Event(_) => ErrorKind::Internal,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Repo(error) => error.is_retryable(),
            Self::Database(error) => error.is_retryable(),
            Self::SyncCall(error) => error.is_retryable(),
            other => other.kind() == ErrorKind::Unavailable,
        }
    }

    fn field_errors(&self) -> &[FieldError] {
        match self {
            Self::Manifest(error) => error.field_errors(),
            Self::Signature(error) => error.field_errors(),
            Self::Secret(error) => error.field_errors(),
            Self::Repo(error) => error.field_errors(),
            Self::Config { fields } => fields,
            _ => &[],
        }
    }
}
