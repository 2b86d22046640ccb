//! What was published, confirmed and handled.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::harm::Harm;

/// The groups that handle everything.
pub(crate) const GROUPS: [Group; 2] = [Group::Plain, Group::Ordered];

/// A group of the torture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Handles many at once; what fails waits on the broker.
    Plain,
    /// Keeps the order of keys.
    Ordered,
}

impl Group {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "torture.plain",
            Self::Ordered => "torture.ordered",
        }
    }

    pub(crate) fn place(self) -> usize {
        match self {
            Self::Plain => 0,
            Self::Ordered => 1,
        }
    }
}

/// An event: the how manieth of which key.
pub(crate) type Event = (u32, u32);

/// Everything that happened to every event. The order in which handlings are written down is the
/// order in which they were: a handler waits until its own is.
#[derive(Debug)]
pub(crate) struct Book {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// The events of each key.
    pub(crate) keys: Vec<Vec<Entry>>,
    pub(crate) published: u64,
    pub(crate) confirmed: u64,
    /// How often the bus said that it could not.
    pub(crate) refused: u64,
    /// All handlings so far.
    pub(crate) handlings: u64,
    /// Handlings of what was never published.
    pub(crate) strangers: u64,
    /// Confirmed, and not yet handled, by group.
    pub(crate) open: [HashSet<Event>; 2],
    /// Messages that are no events, which are to be dead letters of each group.
    pub(crate) hostile: HashMap<Uuid, Harm>,
    /// Handlings by the process that did them.
    by: HashMap<u32, u64>,
}

/// What happened to an event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) is_confirmed: bool,
    /// The event with which it was published in one batch that failed at first: what of it came to
    /// the broker nobody can know, so that it has no order in itself.
    pub(crate) step: u32,
    /// When it was first handled, as a place among all handlings, by group.
    pub(crate) first: [Option<u64>; 2],
    /// How often, by group.
    pub(crate) times: [u32; 2],
}

impl Book {
    pub(crate) fn new(keys: u32) -> Self {
        let keys = (0..keys).map(|_| Vec::new()).collect();
        Self { state: Mutex::new(State { keys, ..State::default() }) }
    }

    /// The next events of a key are about to be published.
    pub(crate) fn publish(&self, key: u32, count: u32) -> Range<u32> {
        let mut state = self.lock();
        state.published += u64::from(count);
        let events = state.of(key);
        let first = u32::try_from(events.len()).unwrap_or(u32::MAX);
        let range = first..first + count;
        events.extend(range.clone().map(|step| Entry { step, ..Entry::default() }));
        range
    }

    /// The bus did not take them; they are published again.
    pub(crate) fn refused(&self, key: u32, range: &Range<u32>) {
        let mut state = self.lock();
        state.refused += 1;
        for number in range.clone() {
            if let Some(entry) = state.entry((key, number)) {
                entry.step = range.start;
            }
        }
    }

    /// The bus says `Ok`: from now on they must not be lost.
    pub(crate) fn confirmed(&self, key: u32, range: Range<u32>) {
        let mut state = self.lock();
        for number in range {
            let event = (key, number);
            let Some(entry) = state.entry(event) else { continue };
            entry.is_confirmed = true;
            let first = entry.first;
            state.confirmed += 1;
            for group in GROUPS {
                if first[group.place()].is_none() {
                    state.open[group.place()].insert(event);
                }
            }
        }
    }

    /// A handler of a group had it, in this process.
    pub(crate) fn handled(&self, by: u32, group: Group, event: Event) {
        let mut state = self.lock();
        let place = state.handlings;
        state.handlings += 1;
        *state.by.entry(by).or_default() += 1;
        let Some(entry) = state.entry(event) else {
            state.strangers += 1;
            return;
        };
        entry.times[group.place()] += 1;
        entry.first[group.place()].get_or_insert(place);
        state.open[group.place()].remove(&event);
    }

    /// How many a process has handled.
    pub(crate) fn handled_by(&self, process: u32) -> u64 {
        self.lock().by.get(&process).copied().unwrap_or_default()
    }

    /// A message that is no event was given to the broker.
    pub(crate) fn is_hostile(&self, message: Uuid, kind: Harm) {
        self.lock().hostile.insert(message, kind);
    }

    pub(crate) fn hostile(&self) -> u32 {
        u32::try_from(self.lock().hostile.len()).unwrap_or(u32::MAX)
    }

    /// How many are confirmed.
    pub(crate) fn count_confirmed(&self) -> u64 {
        self.lock().confirmed
    }

    /// What is confirmed and not handled, by group.
    pub(crate) fn open(&self) -> [HashSet<Event>; 2] {
        self.lock().open.clone()
    }

    /// How many of these are still not handled by one of the groups.
    pub(crate) fn still_open(&self, events: &[HashSet<Event>; 2]) -> usize {
        let state = self.lock();
        events.iter().zip(&state.open).map(|(of, open)| of.intersection(open).count()).sum()
    }

    /// Whether every event of a key that is confirmed was handled.
    pub(crate) fn is_handled(&self, key: u32) -> bool {
        self.lock().open.iter().flatten().all(|(of, _)| *of != key)
    }

    /// How many handlings of what is confirmed are to come.
    pub(crate) fn backlog(&self) -> usize {
        self.lock().open.iter().map(HashSet::len).sum()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(&mut self, key: u32) -> &mut Vec<Entry> {
        let place = usize::try_from(key).unwrap_or(usize::MAX);
        &mut self.keys[place]
    }

    fn entry(&mut self, (key, number): Event) -> Option<&mut Entry> {
        let (key, number) = (usize::try_from(key).ok()?, usize::try_from(number).ok()?);
        self.keys.get_mut(key)?.get_mut(number)
    }
}
