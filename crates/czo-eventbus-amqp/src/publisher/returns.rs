//! Messages that came back because no queue was there for them.

use std::collections::HashMap;

use lapin::message::BasicReturnMessage;

use super::ticket::Ticket;

/// Where a message goes, and which one it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Label {
    exchange: String,
    key: String,
    id: String,
}

/// Messages that came back and are not confirmed yet.
///
/// The client tells of a returned message with the next confirmation, which may be that of another
/// message; so it is found by its place and id. Where every confirmation so far brought one, there
/// may be more of them: also of a message that is confirmed itself, whose confirmation brought that
/// of another. Not so once all that came back are confirmed, since none of them waits any more.
#[derive(Debug, Default)]
pub(super) struct Returns {
    returned: HashMap<Label, usize>,
}

impl Returns {
    /// Notes what came back.
    pub(super) fn add(&mut self, returned: &BasicReturnMessage) {
        let delivery = &returned.delivery;
        let id = delivery.properties.message_id().as_ref();
        let label = Label {
            exchange: delivery.exchange.as_str().to_owned(),
            key: delivery.routing_key.as_str().to_owned(),
            id: id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
        };
        *self.returned.entry(label).or_default() += 1;
    }

    /// Whether this one, which is confirmed, came back.
    pub(super) fn take(&mut self, ticket: &Ticket) -> bool {
        // Nearly always, and then nothing is to be written down.
        if self.is_empty() {
            return false;
        }
        let Ticket { place, message, .. } = ticket;
        let label = Label {
            exchange: (*place.exchange).to_owned(),
            key: place.key.clone().into_owned(),
            id: message.id(),
        };
        let Some(count) = self.returned.get_mut(&label) else { return false };
        *count -= 1;
        if *count == 0 {
            self.returned.remove(&label);
        }
        true
    }

    /// Whether all that came back are confirmed.
    pub(super) fn is_empty(&self) -> bool {
        self.returned.is_empty()
    }
}
