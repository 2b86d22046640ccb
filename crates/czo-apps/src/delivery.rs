//! Deliveries of webhooks: rows of the write they tell of, and what people do with them.

mod body;
mod deliveries;
pub(crate) mod dialect;
pub(crate) mod headers;
mod ids;
mod staging;
mod state;
pub(crate) mod uninstalled;
pub(crate) mod wake;

pub use deliveries::{
    DeliveryAttempt, DeliveryCounts, DeliveryFilter, DeliveryRecord, ResendCursor,
    ResendCursorError, Resent, WebhookDeliveries,
};
pub use ids::WebhookDeliveryId;
pub use staging::WebhookStaging;
pub use state::DeliveryState;
