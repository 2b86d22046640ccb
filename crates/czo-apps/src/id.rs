//! The ids of what this crate keeps.

czo_core::typed_id! {
    /// Identifies an installation: one app in one shop. Its bits are those of the
    /// [`ActorId`](czo_core::ActorId) under which the app acts.
    pub struct InstallationId("app");
}

czo_core::typed_id! {
    /// Identifies a token of an app (not the secret itself).
    pub struct AppTokenId("apptok");
}

czo_core::typed_id! {
    /// Identifies a secret or key that messages to an app are signed with (not the secret itself).
    pub struct AppSecretId("appsec");
}

czo_core::typed_id! {
    /// Identifies a webhook of an installation.
    pub struct AppWebhookId("apphook");
}

czo_core::typed_id! {
    /// Identifies a message of the handshake.
    pub struct HandshakeId("msg");
}
