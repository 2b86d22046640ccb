//! The ids of deliveries and of whom they are for.

czo_core::typed_id! {
    /// Identifies a message to an endpoint. Its text form is the `webhook-id` that the receiver
    /// sees, the same at each attempt and when it is sent again.
    pub struct WebhookDeliveryId("msg");
}

czo_core::typed_id! {
    /// Identifies a webhook of an app in a shop.
    pub struct AppWebhookId("apphook");
}

czo_core::typed_id! {
    /// Identifies an app in a shop.
    pub struct InstallationId("app");
}
