//! Deliveries and attempts, as people see them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use czo_core::{EventId, ShopId};
use czo_repo::DatabaseError;
use sea_orm::{DbErr, QueryResult};
use uuid::Uuid;

use crate::delivery::{DeliveryState, WebhookDeliveryId};
use crate::{AppWebhookId, InstallationId};

/// A delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryRecord {
    /// Its id, the receiver's `webhook-id`.
    pub id: WebhookDeliveryId,
    /// To which webhook.
    pub webhook: AppWebhookId,
    /// Of which app.
    pub app: InstallationId,
    /// In which shop.
    pub shop: ShopId,
    /// Of which event.
    pub event: EventId,
    /// The type of the event.
    pub event_type: String,
    /// The request that caused the event.
    pub correlation_id: String,
    /// What is sent.
    pub body: String,
    /// With which others it keeps its order.
    pub lane: Option<String>,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried since it was last sent again.
    pub attempts: u32,
    /// How often it was tried in all.
    pub sent: u32,
    /// When the event was published.
    pub created_at: DateTime<Utc>,
    /// When it is tried again, while it is on its way.
    pub next_at: Option<DateTime<Utc>>,
    /// Since when it is done.
    pub done_at: Option<DateTime<Utc>>,
    /// Why it failed the last time.
    pub error: Option<String>,
}

/// An attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryAttempt {
    /// The first is 1.
    pub number: u32,
    /// When it began.
    pub at: DateTime<Utc>,
    /// What the receiver answered.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
    /// What was said of the request, a JSON object; what lets in is left out.
    pub request_headers: String,
    /// What was said of the answer, likewise.
    pub response_headers: Option<String>,
    /// The beginning of the answer's body.
    pub response_body: Option<String>,
    /// Whether there was more of it.
    pub is_cut: bool,
    /// How long it took.
    pub duration: Duration,
}

fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

impl DeliveryRecord {
    pub(super) fn read(row: &QueryResult) -> Result<Self, DatabaseError> {
        let id = |name| row.try_get::<Uuid>("", name);
        let number: i16 = row.try_get("", "state")?;
        let state = DeliveryState::of(number)
            .ok_or_else(|| DbErr::Type(format!("there is no state {number} of a delivery")))?;
        let moment = |name| row.try_get::<Option<i64>>("", name).map(|at| at.map(time));
        Ok(Self {
            id: id("id")?.into(),
            webhook: id("webhook_id")?.into(),
            app: id("app_id")?.into(),
            shop: id("shop_id")?.into(),
            event: id("event_id")?.into(),
            event_type: row.try_get("", "event_type")?,
            correlation_id: row.try_get("", "correlation_id")?,
            body: row.try_get("", "body")?,
            lane: row.try_get("", "lane")?,
            state,
            attempts: count(row.try_get("", "attempts")?),
            sent: count(row.try_get("", "sent")?),
            created_at: time(row.try_get("", "created_at")?),
            next_at: moment("next_at")?,
            done_at: moment("done_at")?,
            error: row.try_get("", "error")?,
        })
    }
}

impl DeliveryAttempt {
    pub(super) fn read(row: &QueryResult) -> Result<Self, DatabaseError> {
        let status: Option<i16> = row.try_get("", "status")?;
        let millis = count(row.try_get("", "duration_ms")?);
        Ok(Self {
            number: count(row.try_get("", "number")?),
            at: time(row.try_get("", "at")?),
            status: status.and_then(|status| u16::try_from(status).ok()),
            error: row.try_get("", "error")?,
            request_headers: row.try_get("", "request_headers")?,
            response_headers: row.try_get("", "response_headers")?,
            response_body: row.try_get("", "response_body")?,
            is_cut: row.try_get("", "is_cut")?,
            duration: Duration::from_millis(millis.into()),
        })
    }
}
