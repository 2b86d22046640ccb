//! Events of the bus.

use serde::de::DeserializeOwned;

use crate::bindings::event_handler::exports::czo::module::event_handler::Guest;
use crate::types::Failure;
use crate::{json, panic};

/// An event. It may arrive more than once, always with the same id.
#[doc(inline)]
pub use crate::bindings::event_handler::exports::czo::module::event_handler::Event;

/// Handles the events of `subscriptions` in the manifest.
pub trait EventHandler {
    /// Handles one event.
    ///
    /// [`Failure::Retry`] makes the server send it again, as its schedule says; any other failure
    /// puts it among the failed ones at once.
    fn handle(event: Event) -> Result<(), Failure>;
}

impl Event {
    /// What happened, as a type with the fields that the handler needs.
    ///
    /// Data of another shape is [`Failure::Invalid`]: it stays that shape however often it comes.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        json::given(&format!("{} {}", self.event_type, self.id), &self.data)
    }
}

impl<T: EventHandler> Guest for T {
    fn handle(event: Event) -> Result<(), Failure> {
        panic::to_log();
        <T as EventHandler>::handle(event)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Created {
        product_id: String,
    }

    fn event(data: &str) -> Event {
        Event {
            id: "evt_1".to_owned(),
            event_type: "product.item.created".to_owned(),
            version: 1,
            source: "catalog".to_owned(),
            key: None,
            time: 0,
            correlation_id: "req_1".to_owned(),
            shop: None,
            data: data.to_owned(),
        }
    }

    #[test]
    fn fields_that_the_handler_does_not_ask_for_are_left_out() {
        let created = event(r#"{"productId":"prod_1","title":"A shirt"}"#).decode::<Created>();
        assert_eq!(created, Ok(Created { product_id: "prod_1".to_owned() }));
    }

    #[test]
    fn data_of_another_shape_is_invalid_and_the_event_is_named() {
        let Err(Failure::Invalid(message)) = event("{}").decode::<Created>() else {
            panic!("expected it to be invalid");
        };
        assert!(message.starts_with("product.item.created evt_1: missing field `productId`"));
    }
}
