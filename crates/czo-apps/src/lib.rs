#![doc = include_str!("../README.md")]

mod delivery;
mod dispatcher;
mod error;
mod manifest;
mod signature;

pub use delivery::{
    AppWebhookId, DeliveryAttempt, DeliveryCounts, DeliveryFilter, DeliveryRecord, DeliveryState,
    InstallationId, WebhookDeliveries, WebhookDeliveryId, WebhookStaging,
};
pub use dispatcher::{
    DispatcherHandle, DispatcherHealth, DispatcherOptions, SigningKeys, WebhookDispatcher,
};
pub use error::AppError;
pub use manifest::{
    AppId, AppIdError, AppManifest, ConfigSchema, Direction, Extension, Filter, HttpUrl,
    HttpUrlError, Identifier, IdentifierError, ManifestDiff, ManifestError, ManifestRules, Mount,
    OnFailure, OrderBy, PartChange, PartChanges, PermissionChange, PermissionRequest,
    PermissionScope, ResponseSchema, SyncCall, VersionChange, Violation, Webhook, WebhookMode,
    WebhookOrder,
};
pub use signature::{
    Jwk, Jwks, MessageId, PublicKey, ReceivedHeaders, SecretError, SignatureError,
    SignatureHeaders, Signer, SignerKey, SigningKey, SigningSecret, Verified, Verifier,
    VerifierKey, header,
};
