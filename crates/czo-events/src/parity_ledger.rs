//! What two buses did with the same events.

mod recent;
mod verdict;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use czo_core::{DomainEvent, EventId, EventType, Group, TopicPattern, TopicTrie};
use serde::Serialize;
use tokio::time::Instant;

use self::recent::{By, Recent};
pub use self::verdict::Verdict;

/// How many deliveries the ledger follows at once.
const FOLLOWED: usize = 100_000;

/// What became of the events that were given to two buses: whether the second took each, and
/// whether it brought each to every group that the first brought it to. Clones are the same
/// ledger.
///
/// Where an outbox gives both buses each event by itself, events are followed that happened since the
/// second bus was begun to be listened to, for the last group that wanted to.
///
/// It follows 100,000 deliveries that are not complete; what is beyond is counted as
/// [`unfollowed`](GroupParity::unfollowed), and prevents a cut-over.
#[derive(Clone, Default)]
pub struct ParityLedger {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    types: BTreeMap<EventType, TypeParity>,
    groups: BTreeMap<Group, GroupParity>,
    /// How many subscriptions of a group there are, and of how many the broker knows.
    subscriptions: BTreeMap<Group, (usize, usize)>,
    /// Which groups an event is to come to.
    expected: TopicTrie<Group>,
    followed: HashMap<EventId, Vec<Delivery>>,
    deliveries: usize,
    /// Where an outbox gives both buses each event by itself.
    recent: Option<Recent>,
    /// When the second bus was last begun to be listened to, for somebody.
    heard_since: Option<DateTime<Utc>>,
}

/// One event on its way to one group.
struct Delivery {
    group: Group,
    local: bool,
    broker: bool,
}

/// One of the two buses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Local,
    Broker,
}

/// What the second bus did with the events of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TypeParity {
    /// How many the first bus was given.
    pub published: u64,
    /// How many of them the second bus took.
    pub confirmed: u64,
    /// How many the second bus does not have: it refused them, was closed, or too many waited.
    pub missing: u64,
    /// How many were not followed until the second bus took them, because too many waited.
    pub unfollowed: u64,
    /// How many the second bus took though this process gave the first none of them: what another
    /// process gave to the first, or one that has ended had left to the outbox.
    pub of_others: u64,
    /// How long the last one took from the first bus to the second.
    pub lag: Duration,
    /// The longest that took.
    pub longest_lag: Duration,
}

impl TypeParity {
    /// How many wait for the second bus.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.published.saturating_sub(self.confirmed + self.missing + self.unfollowed)
    }

    fn confirm(&mut self, lag: Duration) {
        self.confirmed += 1;
        self.lag = lag;
        self.longest_lag = self.longest_lag.max(lag);
    }
}

/// What arrived at one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GroupParity {
    /// How many events arrived on both sides.
    pub matched: u64,
    /// How many arrived on the first bus and not yet on the second.
    pub only_local: u64,
    /// How many arrived on the second bus and not yet on the first.
    pub only_broker: u64,
    /// How many arrived on neither side yet.
    pub on_their_way: u64,
    /// How many the second bus brought more than once while they were followed.
    pub duplicates: u64,
    /// How many were not followed, because too many were on their way.
    pub unfollowed: u64,
    /// Whether the second bus listens for all its subscriptions, so that everything is compared.
    pub is_compared: bool,
}

impl ParityLedger {
    /// A ledger for an outbox that gives both buses each event by itself.
    pub(crate) fn of_outbox() -> Self {
        let recent = Some(Recent::new(FOLLOWED));
        Self { state: Arc::new(Mutex::new(State { recent, ..State::default() })) }
    }

    /// What became of each type of event.
    #[must_use]
    pub fn types(&self) -> BTreeMap<EventType, TypeParity> {
        self.lock().types.clone()
    }

    /// What arrived at each group.
    #[must_use]
    pub fn groups(&self) -> BTreeMap<Group, GroupParity> {
        let state = self.lock();
        let mut groups = state.groups.clone();
        for (group, row) in &mut groups {
            let subscriptions = state.subscriptions.get(group);
            row.is_compared = subscriptions.is_none_or(|(wanted, known)| wanted == known);
        }
        for delivery in state.followed.values().flatten() {
            let Some(group) = groups.get_mut(&delivery.group) else { continue };
            match (delivery.local, delivery.broker) {
                (true, false) => group.only_local += 1,
                (false, true) => group.only_broker += 1,
                _ => group.on_their_way += 1,
            }
        }
        groups
    }

    /// A subscription of `group` is served, and the second bus is to listen for it too.
    pub(crate) fn want(&self, group: &Group) {
        let mut state = self.lock();
        state.groups.entry(group.clone()).or_default();
        state.subscriptions.entry(group.clone()).or_default().0 += 1;
    }

    /// The second bus listens: events of `pattern` are to come to `group` on both from now on.
    pub(crate) fn expect(&self, pattern: &TopicPattern, group: &Group) {
        let mut state = self.lock();
        // As exact as the time of an event.
        state.heard_since = Some(Utc::now().trunc_subsecs(6));
        state.expected.insert(pattern, group.clone());
        state.subscriptions.entry(group.clone()).or_default().1 += 1;
    }

    /// A subscription has ended. With the last of its group, what is on its way is forgotten.
    pub(crate) fn want_no_more(&self, pattern: &TopicPattern, group: &Group, expected: bool) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let mut first = expected;
        state.expected.remove(pattern, |other| other == group && std::mem::take(&mut first));
        if let Some((wanted, known)) = state.subscriptions.get_mut(group) {
            (*wanted, *known) = (wanted.saturating_sub(1), known.saturating_sub(expected.into()));
            if *wanted > 0 {
                return;
            }
        }
        state.subscriptions.remove(group);
        state.followed.retain(|_, deliveries| {
            let before = deliveries.len();
            deliveries.retain(|delivery| delivery.group != *group);
            state.deliveries -= before - deliveries.len();
            !deliveries.is_empty()
        });
    }

    /// The first bus is given an event, and the second one will be.
    pub(crate) fn published(&self, event: &DomainEvent) {
        let mut state = self.lock();
        state.given_by_hand(event.id, &event.event_type);
        state.published(event.id, &event.event_type);
    }

    /// The second bus took an event.
    pub(crate) fn confirmed(&self, event: &DomainEvent, since: Instant) {
        let mut state = self.lock();
        if state.recent.is_some() {
            state.taken(event.id, &event.event_type, By::This);
        } else {
            state.of(&event.event_type).confirm(since.elapsed());
        }
    }

    /// The second bus will never have an event.
    pub(crate) fn missing(&self, event: &DomainEvent) {
        self.lock().of(&event.event_type).missing += 1;
    }

    /// An event arrived at a group.
    pub(crate) fn arrived(&self, event: &DomainEvent, group: &Group, side: Side) {
        let mut state = self.lock();
        if side == Side::Broker && state.is_early(event.id, &event.event_type, group) {
            return;
        }
        state.arrived(event.id, group, side);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(&mut self, event_type: &EventType) -> &mut TypeParity {
        self.types.entry(event_type.clone()).or_default()
    }

    fn published(&mut self, id: EventId, event_type: &EventType) {
        self.of(event_type).published += 1;
        let mut groups: Vec<_> = self.expected.matching(event_type).cloned().collect();
        groups.sort_unstable();
        groups.dedup();
        if self.deliveries + groups.len() > FOLLOWED {
            for group in &groups {
                self.groups.entry(group.clone()).or_default().unfollowed += 1;
            }
            return;
        }
        if groups.is_empty() {
            return;
        }
        let arriving =
            groups.into_iter().map(|group| Delivery { group, local: false, broker: false });
        let deliveries = self.followed.entry(id).or_default();
        let before = deliveries.len();
        deliveries.extend(arriving);
        self.deliveries += deliveries.len() - before;
    }

    /// One that this process did not publish is nobody's business here.
    fn arrived(&mut self, id: EventId, group: &Group, side: Side) {
        let Some(deliveries) = self.followed.get_mut(&id) else { return };
        // Published twice, it comes twice: each time another delivery is meant.
        let is_new = |delivery: &Delivery| match side {
            Side::Local => !delivery.local,
            Side::Broker => !delivery.broker,
        };
        let mut of_group = (0..deliveries.len()).filter(|at| deliveries[*at].group == *group);
        let first = of_group.clone().next();
        let place = of_group.find(|at| is_new(&deliveries[*at])).or(first);
        let Some(delivery) = place.and_then(|place| deliveries.get_mut(place)) else { return };
        let row = self.groups.entry(group.clone()).or_default();
        match side {
            // Tried again, which is the first bus's own affair.
            Side::Local => delivery.local = true,
            Side::Broker if delivery.broker => row.duplicates += 1,
            Side::Broker => delivery.broker = true,
        }
        if let (true, true, Some(place)) = (delivery.local, delivery.broker, place) {
            row.matched += 1;
            deliveries.swap_remove(place);
            self.deliveries -= 1;
            if deliveries.is_empty() {
                self.followed.remove(&id);
            }
        }
    }
}

impl fmt::Debug for ParityLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("ParityLedger")
            .field("types", &state.types.len())
            .field("groups", &state.groups.len())
            .field("followed", &state.deliveries)
            .finish()
    }
}
