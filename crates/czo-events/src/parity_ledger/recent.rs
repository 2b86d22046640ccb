//! What is known of the newest events that an outbox gives to both buses.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use czo_core::{DomainEvent, EventId, EventType, Group};
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
    first: First,
    second: Second,
    /// Where the second bus brought it before the first was given it.
    arrived: Vec<Group>,
}

/// What the first bus was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Unknown,
    /// Then.
    Given(Instant),
    /// Before anybody could hear the second bus: whether that has it is not known.
    Unheard,
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
    fn of(&mut self, id: EventId, event_type: &EventType) -> (&mut Seen, Option<(EventId, Seen)>) {
        let mut forgotten = None;
        if !self.known.contains_key(&id) {
            if self.order.len() >= self.most {
                let oldest = self.order.pop_front();
                forgotten = oldest.and_then(|oldest| self.known.remove_entry(&oldest));
            }
            self.order.push_back(id);
        }
        let seen = self.known.entry(id).or_insert_with(|| Seen {
            event_type: event_type.clone(),
            first: First::Unknown,
            second: Second::Unknown,
            arrived: Vec::new(),
        });
        (seen, forgotten)
    }
}

impl ParityLedger {
    /// The first bus is given an event, perhaps not for the first time, by an outbox that gives it
    /// to the second one by itself.
    ///
    /// One that happened before the second bus was listened to is not followed: that may have had
    /// it already.
    pub(crate) fn given(&self, event: &DomainEvent) {
        let (id, event_type) = (event.id, &event.event_type);
        let mut guard = self.lock();
        let state = &mut *guard;
        let is_heard = state.heard_since.is_none_or(|since| event.timestamp >= since);
        let Some(seen) = state.seen(id, event_type) else { return };
        if seen.first != First::Unknown {
            return;
        }
        if !is_heard {
            seen.first = First::Unheard;
            return;
        }
        seen.first = First::Given(Instant::now());
        let (second, arrived) = (seen.second, std::mem::take(&mut seen.arrived));
        // A foreign message may bear the id of an event of another type.
        let known = seen.event_type.clone();
        state.published(id, event_type);
        match second {
            Second::Unknown if arrived.is_empty() => {}
            Second::Unknown => state.taken(id, event_type, By::Another),
            Second::Refused => state.of(&known).missing += 1,
            Second::Took => {
                state.of(&known).of_others -= 1;
                state.of(event_type).confirm(Duration::ZERO);
            }
        }
        for group in arrived {
            state.arrived(id, &group, Side::Broker);
        }
    }

    /// The second bus took an event, perhaps not for the first time.
    pub(crate) fn taken(&self, id: EventId, event_type: &EventType) {
        self.lock().taken(id, event_type, By::This);
    }

    /// The second bus refused an event for good.
    pub(crate) fn refused(&self, id: EventId, event_type: &EventType) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let Some(seen) = state.seen(id, event_type) else { return };
        if seen.second == Second::Unknown {
            seen.second = Second::Refused;
            let missing = u64::from(matches!(seen.first, First::Given(_)));
            let event_type = seen.event_type.clone();
            state.of(&event_type).missing += missing;
        }
    }
}

/// Which process gave an event to the second bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    This,
    /// So what it brings says.
    Another,
}

impl State {
    /// What is known of an event, if an outbox gives both buses each by itself.
    fn seen(&mut self, id: EventId, event_type: &EventType) -> Option<&mut Seen> {
        let (seen, forgotten) = self.recent.as_mut()?.of(id, event_type);
        if let Some((id, Seen { event_type, first: First::Given(_), second, .. })) = forgotten {
            let unknown = u64::from(second == Second::Unknown);
            self.types.entry(event_type).or_default().unfollowed += unknown;
            let deliveries = self.followed.remove(&id).unwrap_or_default();
            self.deliveries -= deliveries.len();
            for delivery in deliveries {
                self.groups.entry(delivery.group).or_default().unfollowed += 1;
            }
        }
        Some(seen)
    }

    /// Both buses are given an event by somebody who waits for the second.
    pub(super) fn given_by_hand(&mut self, id: EventId, event_type: &EventType) {
        if let Some(seen) = self.seen(id, event_type) {
            seen.first = First::Given(Instant::now());
        }
    }

    /// The second bus has an event.
    pub(super) fn taken(&mut self, id: EventId, event_type: &EventType, by: By) {
        let Some(seen) = self.seen(id, event_type) else { return };
        let (first, was) = (seen.first, seen.second);
        if was == Second::Took || (first == First::Unknown && by == By::Another) {
            return;
        }
        seen.second = Second::Took;
        let event_type = seen.event_type.clone();
        let row = self.of(&event_type);
        match first {
            First::Given(since) => {
                row.missing -= u64::from(was == Second::Refused);
                row.confirm(since.elapsed());
            }
            First::Unknown => row.of_others += 1,
            First::Unheard => {}
        }
    }

    /// Notes that the second bus has brought an event, and whether nobody compares it: the first
    /// was not given it yet, or is not to be.
    pub(super) fn is_early(&mut self, id: EventId, event_type: &EventType, group: &Group) -> bool {
        let Some(seen) = self.seen(id, event_type) else { return false };
        match seen.first {
            First::Given(_) => {
                self.taken(id, event_type, By::Another);
                false
            }
            First::Unheard => true,
            First::Unknown => {
                if !seen.arrived.contains(group) {
                    seen.arrived.push(group.clone());
                }
                true
            }
        }
    }
}
