//! Messages that came back because no queue was there for them.

use std::collections::HashMap;

use lapin::Confirmation;

use crate::message::Message;

/// Where a message goes, and which one it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) exchange: String,
    pub(super) key: String,
    id: String,
}

impl Place {
    pub(super) fn of(exchange: &str, key: &str, message: &Message) -> Self {
        let id = message.properties.message_id().as_ref();
        let id = id.map(|id| id.as_str().to_owned()).unwrap_or_default();
        Self { exchange: exchange.to_owned(), key: key.to_owned(), id }
    }
}

/// Messages that came back.
///
/// The client tells of a returned message with the next confirmation, which may be that of another
/// message; so it is found by its place and id. It never comes later than its own.
#[derive(Debug, Default)]
pub(super) struct Returns {
    returned: HashMap<Place, usize>,
}

impl Returns {
    /// Notes what came back with a confirmation; says whether the broker took the message.
    pub(super) fn note(&mut self, confirmation: Confirmation) -> bool {
        let is_taken = !confirmation.is_nack();
        if let Some(returned) = confirmation.take_message() {
            let delivery = returned.delivery;
            let id = delivery.properties.message_id().as_ref();
            let place = Place {
                exchange: delivery.exchange.as_str().to_owned(),
                key: delivery.routing_key.as_str().to_owned(),
                id: id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
            };
            *self.returned.entry(place).or_default() += 1;
        }
        is_taken
    }

    /// Whether this one came back.
    pub(super) fn take(&mut self, place: &Place) -> bool {
        let Some(count) = self.returned.get_mut(place) else { return false };
        *count -= 1;
        if *count == 0 {
            self.returned.remove(place);
        }
        true
    }
}
