//! The id of a delivery.

czo_core::typed_id! {
    /// Identifies a message to an endpoint. Its text form is the `webhook-id` that the receiver
    /// sees, the same at each attempt and when it is sent again.
    pub struct WebhookDeliveryId("msg");
}
