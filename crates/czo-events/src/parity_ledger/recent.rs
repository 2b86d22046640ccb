//! What is known of the newest events that an outbox gives to both buses.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use czo_core::{EventId, EventType, Group};
use tokio::time::Instant;

use super::{ParityLedger, Side, State};

/// What is known of the newest events, the oldest forgotten first. Either bus may have an event
/// first, and each may be given it again.
#[derive(Debug)]
pub(super) struct Recent {
    most: usize,
    order: VecDeque<EventId>,
    known: HashMap<EventId, Seen>,
}

/// What is known of one event.
#[derive(Debug)]
struct Seen {
    event_type: EventType,
    /// When the first bus was given it.
    given: Option<Instant>,
    second: Second,
    /// Where the second bus brought it before the first was given it.
    arrived: Vec<Group>,
}

/// What the second bus did with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Second {
    Unknown,
    Took,
    /// For good, or until somebody gives it again.
    Refused,
}

impl Recent {
    pub(super) fn new(most: usize) -> Self {
        Self { most, order: VecDeque::new(), known: HashMap::new() }
    }

    /// What is known of an event, and what was forgotten to make room for it.
    fn of(&mut self, id: EventId, event_type: &EventType) -> (&mut Seen, Option<Seen>) {
        let mut forgotten = None;
        if !self.known.contains_key(&id) {
            if self.order.len() >= self.most {
                forgotten = self.order.pop_front().and_then(|oldest| self.known.remove(&oldest));
            }
            self.order.push_back(id);
        }
        let seen = self.known.entry(id).or_insert_with(|| Seen {
            event_type: event_type.clone(),
            given: None,
            second: Second::Unknown,
            arrived: Vec::new(),
        });
        (seen, forgotten)
    }
}

impl ParityLedger {
    /// The first bus is given an event, perhaps not for the first time, by an outbox that gives it
    /// to the second one by itself.
    pub(crate) fn given(&self, id: EventId, event_type: &EventType) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let Some(seen) = state.seen(id, event_type) else { return };
        if seen.given.is_some() {
            return;
        }
        seen.given = Some(Instant::now());
        let (second, arrived) = (seen.second, std::mem::take(&mut seen.arrived));
        state.published(id, event_type);
        let row = state.of(event_type);
        match second {
            Second::Unknown => {}
            Second::Refused => row.missing += 1,
            Second::Took => {
                row.of_others -= 1;
                row.confirm(Duration::ZERO);
            }
        }
        for group in arrived {
            state.is_early(id, event_type, &group);
            state.arrived(id, &group, Side::Broker);
        }
    }

    /// The second bus took an event, perhaps not for the first time.
    pub(crate) fn taken(&self, id: EventId, event_type: &EventType) {
        self.lock().taken(id, event_type, true);
    }

    /// The second bus refused an event for good.
    pub(crate) fn refused(&self, id: EventId, event_type: &EventType) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let Some(seen) = state.seen(id, event_type) else { return };
        if seen.second == Second::Unknown {
            seen.second = Second::Refused;
            let missing = u64::from(seen.given.is_some());
            state.of(event_type).missing += missing;
        }
    }
}

impl State {
    /// What is known of an event, if an outbox gives both buses each by itself.
    fn seen(&mut self, id: EventId, event_type: &EventType) -> Option<&mut Seen> {
        let (seen, forgotten) = self.recent.as_mut()?.of(id, event_type);
        if let Some(Seen { event_type, given: Some(_), second: Second::Unknown, .. }) = forgotten {
            self.types.entry(event_type).or_default().unfollowed += 1;
        }
        Some(seen)
    }

    /// The second bus has an event; `by_this` process, or by what it brings.
    fn taken(&mut self, id: EventId, event_type: &EventType, by_this: bool) {
        let Some(seen) = self.seen(id, event_type) else { return };
        let (given, was) = (seen.given, seen.second);
        if was == Second::Took || (given.is_none() && !by_this) {
            return;
        }
        seen.second = Second::Took;
        let row = self.of(event_type);
        match given {
            Some(since) => {
                row.missing -= u64::from(was == Second::Refused);
                row.confirm(since.elapsed());
            }
            None => row.of_others += 1,
        }
    }

    /// Notes that the second bus has brought an event, and whether it did so before the first was
    /// given it.
    pub(super) fn is_early(&mut self, id: EventId, event_type: &EventType, group: &Group) -> bool {
        let Some(seen) = self.seen(id, event_type) else { return false };
        if seen.given.is_some() {
            self.taken(id, event_type, false);
            return false;
        }
        if !seen.arrived.contains(group) {
            seen.arrived.push(group.clone());
        }
        true
    }
}
