//! Apps and deliveries, as the API shows them.

use chrono::{DateTime, Utc};
use czo_apps::{
    AppGrant, AppToken, AppTokenId, AppWebhook, AppWebhookId, DeliveryAttempt, DeliveryRecord,
    DeliveryState, Installation, InstallationId, IssuedToken, ManifestDiff, NewHost, ResendCursor,
    Resent, RotatedSecret, UpdateOutcome, WebhookDeliveryId,
};
use czo_core::{EventId, Permission};
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::Value;

/// A page of apps.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppPage {
    /// The apps, in the order in which they came.
    pub(crate) apps: Vec<Installation>,
    /// Where the next page begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// An app with its webhooks and tokens.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppView {
    /// What may be known of it.
    #[serde(flatten)]
    pub(crate) app: Installation,
    /// Its webhooks.
    pub(crate) webhooks: Vec<AppWebhook>,
    /// Its tokens, the newest first.
    pub(crate) tokens: Vec<AppToken>,
}

/// What an app says of itself, and what it asks for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Preview {
    /// What it says of itself.
    pub(crate) manifest: Value,
    /// What it asks for: what is to be consented to.
    pub(crate) asks: Vec<AppGrant>,
}

/// What became of an update.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Updated {
    /// What is new.
    pub(crate) diff: ManifestDiff,
    /// What waits for consent.
    pub(crate) pending: Vec<AppGrant>,
    /// Where the app wants to be, which waits for consent, too.
    pub(crate) pending_hosts: Vec<NewHost>,
}

impl Updated {
    pub(crate) fn of(outcome: UpdateOutcome) -> Self {
        let diff = outcome.diff().clone();
        let (pending, pending_hosts) = match outcome {
            UpdateOutcome::NeedsConsent { pending, hosts, .. } => (pending, hosts),
            _ => Default::default(),
        };
        Self { diff, pending, pending_hosts }
    }
}

/// A new token, shown once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewAppToken {
    /// Its id.
    id: AppTokenId,
    /// The token. It is shown here and never again.
    token: String,
    /// When it ends.
    expires_at: DateTime<Utc>,
    /// When those before it end.
    old_until: DateTime<Utc>,
}

impl From<IssuedToken> for NewAppToken {
    fn from(issued: IssuedToken) -> Self {
        let token = issued.token.expose_secret().to_owned();
        Self { id: issued.id, token, expires_at: issued.expires_at, old_until: issued.old_until }
    }
}

/// A new signing secret, shown once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewAppSecret {
    /// What verifies `v1` signatures. It is shown here and never again.
    secret: String,
    /// What verifies `v1a` signatures.
    public_key: String,
    /// Until when messages are signed with the old ones, too.
    old_until: DateTime<Utc>,
}

impl From<RotatedSecret> for NewAppSecret {
    fn from(rotated: RotatedSecret) -> Self {
        let secret = rotated.secret.expose_secret().to_owned();
        let public_key = rotated.public_key.to_string();
        Self { secret, public_key, old_until: rotated.old_until }
    }
}

/// A page of deliveries.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryPage {
    /// The deliveries, the newest first.
    pub(crate) deliveries: Vec<DeliveryView>,
    /// Where the next page begins (`before`), if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<WebhookDeliveryId>,
}

/// A delivery.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryView {
    /// Its id, the receiver's `webhook-id`.
    pub(crate) id: WebhookDeliveryId,
    /// To which webhook.
    pub(crate) webhook_id: AppWebhookId,
    /// Of which app.
    pub(crate) app_id: InstallationId,
    /// Of which event.
    pub(crate) event_id: EventId,
    /// The type of the event.
    pub(crate) event_type: String,
    /// How far it is: `waiting`, `retrying`, `held`, `delivered`, `filtered` or `dead`.
    #[schemars(with = "String")]
    pub(crate) state: DeliveryState,
    /// How often it was tried since it was last sent again.
    pub(crate) attempts: u32,
    /// How often it was tried in all.
    pub(crate) sent: u32,
    /// When the event was published.
    pub(crate) created_at: DateTime<Utc>,
    /// When it is tried again, while it is on its way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_at: Option<DateTime<Utc>>,
    /// Since when it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) done_at: Option<DateTime<Utc>>,
    /// Why it failed the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl From<DeliveryRecord> for DeliveryView {
    fn from(record: DeliveryRecord) -> Self {
        Self {
            id: record.id,
            webhook_id: record.webhook,
            app_id: record.app,
            event_id: record.event,
            event_type: record.event_type,
            state: record.state,
            attempts: record.attempts,
            sent: record.sent,
            created_at: record.created_at,
            next_at: record.next_at,
            done_at: record.done_at,
            error: record.error,
        }
    }
}

/// A delivery with what is sent and what became of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WholeDelivery {
    /// The delivery.
    #[serde(flatten)]
    pub(crate) delivery: DeliveryView,
    /// What is sent, for who may read what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
    /// What it takes to see what is left out: `body`, and `responseBody` of the attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) withheld: Option<String>,
    /// The attempts, the first one first.
    pub(crate) log: Vec<AttemptView>,
}

impl WholeDelivery {
    pub(crate) fn of(record: DeliveryRecord, attempts: Vec<DeliveryAttempt>) -> Self {
        let body = Some(serde_json::from_str(&record.body).unwrap_or_default());
        let log = attempts.into_iter().map(Into::into).collect();
        Self { delivery: record.into(), body, withheld: None, log }
    }

    /// The same for who lacks this permission: without what the event says, and without what an app
    /// may have repeated of it.
    pub(crate) fn without_bodies(self, lacking: &Permission) -> Self {
        let mut log = self.log;
        log.iter_mut().for_each(|attempt| attempt.response_body = None);
        let withheld = Some(format!("what was sent and answered needs `{lacking}`"));
        Self { body: None, withheld, log, ..self }
    }
}

/// An attempt to deliver.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptView {
    /// The first is 1.
    pub(crate) number: u32,
    /// When it began.
    pub(crate) at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub(crate) duration_ms: u64,
    /// What the receiver answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// What was said of the request; what lets in is left out.
    pub(crate) request_headers: Value,
    /// What was said of the answer, likewise.
    pub(crate) response_headers: Value,
    /// The beginning of the answer's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_body: Option<String>,
    /// Whether there was more of it.
    pub(crate) is_cut: bool,
}

impl From<DeliveryAttempt> for AttemptView {
    fn from(attempt: DeliveryAttempt) -> Self {
        let json = |text: &str| serde_json::from_str(text).unwrap_or_default();
        Self {
            number: attempt.number,
            at: attempt.at,
            duration_ms: u64::try_from(attempt.duration.as_millis()).unwrap_or(u64::MAX),
            status: attempt.status,
            error: attempt.error,
            request_headers: json(&attempt.request_headers),
            response_headers: attempt.response_headers.as_deref().map(json).unwrap_or_default(),
            response_body: attempt.response_body,
            is_cut: attempt.is_cut,
        }
    }
}

/// How many deliveries are on their way again.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SentAgain {
    /// How many.
    pub(crate) resent: u64,
    /// There may be more: the same request with this as `after` goes on with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<ResendCursor>,
}

impl From<Resent> for SentAgain {
    fn from(resent: Resent) -> Self {
        Self { resent: resent.count, next: resent.next }
    }
}

/// How many tokens were revoked.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RevokedTokens {
    /// How many.
    pub(crate) revoked: u64,
}
