#![doc = include_str!("../README.md")]

mod delivery;
mod dispatcher;
mod error;
mod events;
mod fetch_transport;
mod frame;
mod grant;
mod id;
mod manifest;
mod permissions;
mod registry;
mod session_token;
mod signature;
mod sync_call;
mod tokens;
mod transport;
mod vault;

pub use delivery::{
    DeliveryAttempt, DeliveryCounts, DeliveryFilter, DeliveryRecord, DeliveryState, ResendCursor,
    ResendCursorError, Resent, WebhookDeliveries, WebhookDeliveryId, WebhookStaging,
};
pub use dispatcher::{
    DispatcherHandle, DispatcherHealth, DispatcherOptions, SigningKeys, WebhookDispatcher,
};
pub use error::{AppError, HandshakeProblem, HandshakeStep};
pub use events::{AppInstalled, AppUninstalled, AppUpdated, add_app_events};
pub use fetch_transport::FetchTransport;
pub use frame::{FrameError, FrameHeaders};
pub use grant::{AppGrant, AppGrantError};
pub use id::{AppSecretId, AppTokenId, AppWebhookId, HandshakeId, InstallationId};
pub use manifest::{
    AppId, AppIdError, AppManifest, ConfigSchema, Direction, Extension, Filter, HttpUrl,
    HttpUrlError, Identifier, IdentifierError, ManifestDiff, ManifestError, ManifestRules, Mount,
    NewHost, OnFailure, OrderBy, PartChange, PartChanges, PermissionChange, PermissionRequest,
    PermissionScope, ResponseSchema, SyncCall, VersionChange, Violation, Webhook, WebhookMode,
    WebhookOrder,
};
pub use permissions::{AppPermissions, app_scope};
pub use registry::{
    AppRegistry, AppToken, AppWebhook, Consent, InstallRequest, Installation, InstallationStatus,
    IssuedToken, ManifestSource, RegistryOptions, RegistryParts, RotatedSecret, Swept,
    UpdateOutcome,
};
pub use session_token::{
    SessionClaims, SessionError, SessionRequest, SessionToken, SessionTokenError, SessionTokenId,
    SessionTokens, SessionVerifier,
};
pub use signature::{
    Jwk, Jwks, MessageId, PublicKey, ReceivedHeaders, SecretError, SignatureError,
    SignatureHeaders, Signer, SignerKey, SigningKey, SigningSecret, Verified, Verifier,
    VerifierKey, header,
};
pub use sync_call::{SyncAnswer, SyncCallError, SyncFailure, SyncOptions, SyncWebhooks};
pub use tokens::{AppIdentity, AppTokens};
pub use transport::{AppAnswer, AppTransport, ExchangeLimits, TransportError};
pub use vault::{Vault, VaultError, VaultKey, VaultKeyId, VaultPlace};
