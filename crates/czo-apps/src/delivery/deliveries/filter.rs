//! Which deliveries are meant.

use chrono::{DateTime, Utc};
use czo_core::{EventId, EventType, ShopId};
use sea_orm::Value;

use crate::delivery::{DeliveryState, WebhookDeliveryId};
use crate::{AppWebhookId, InstallationId};

/// Which deliveries are meant: those that fit all that was said.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    id: Option<WebhookDeliveryId>,
    webhook: Option<AppWebhookId>,
    app: Option<InstallationId>,
    shop: Option<ShopId>,
    event: Option<EventId>,
    event_type: Option<EventType>,
    state: Option<DeliveryState>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

impl DeliveryFilter {
    /// All deliveries.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// This one.
    #[must_use]
    pub fn id(mut self, id: WebhookDeliveryId) -> Self {
        self.id = Some(id);
        self
    }

    /// To this webhook.
    #[must_use]
    pub fn webhook(mut self, webhook: AppWebhookId) -> Self {
        self.webhook = Some(webhook);
        self
    }

    /// To this app.
    #[must_use]
    pub fn app(mut self, app: InstallationId) -> Self {
        self.app = Some(app);
        self
    }

    /// Of this shop.
    #[must_use]
    pub fn shop(mut self, shop: ShopId) -> Self {
        self.shop = Some(shop);
        self
    }

    /// Of this event.
    #[must_use]
    pub fn event(mut self, event: EventId) -> Self {
        self.event = Some(event);
        self
    }

    /// Of events of this type.
    #[must_use]
    pub fn event_type(mut self, event_type: EventType) -> Self {
        self.event_type = Some(event_type);
        self
    }

    /// In this state.
    #[must_use]
    pub fn state(mut self, state: DeliveryState) -> Self {
        self.state = Some(state);
        self
    }

    /// Of events that were published then or later.
    #[must_use]
    pub fn since(mut self, since: DateTime<Utc>) -> Self {
        self.since = Some(since);
        self
    }

    /// Of events that were published before.
    #[must_use]
    pub fn until(mut self, until: DateTime<Utc>) -> Self {
        self.until = Some(until);
        self
    }
}

/// What a `WHERE` says.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    texts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    pub(super) fn of(filter: &DeliveryFilter) -> Self {
        let mut conditions = Self::default();
        let mut maybe = |text, value: Option<Value>| {
            if let Some(value) = value {
                conditions.add(text, value);
            }
        };
        maybe("id =", filter.id.map(|id| id.uuid().into()));
        maybe("webhook_id =", filter.webhook.map(|id| id.uuid().into()));
        maybe("app_id =", filter.app.map(|id| id.uuid().into()));
        maybe("shop_id =", filter.shop.map(|id| id.uuid().into()));
        maybe("event_id =", filter.event.map(|id| id.uuid().into()));
        maybe("event_type =", filter.event_type.as_ref().map(|kind| kind.as_str().into()));
        maybe("created_at >=", filter.since.map(|since| since.timestamp_millis().into()));
        maybe("created_at <", filter.until.map(|until| until.timestamp_millis().into()));
        if let Some(state) = filter.state {
            // In the text: the database has an index of some states only.
            conditions.texts.push(format!("state = {}", state.number()));
        }
        conditions
    }

    pub(super) fn add(&mut self, text: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        self.texts.push(format!("{text} ${}", self.values.len()));
    }

    pub(super) fn sql(self) -> (String, Vec<Value>) {
        let sql = self.texts.join(" AND ");
        (if sql.is_empty() { "1 = 1".to_owned() } else { sql }, self.values)
    }
}
