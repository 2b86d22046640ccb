//! What was sent and what arrived, compared.

use std::collections::{BTreeMap, HashMap, HashSet};

use czo_core::DomainEvent;
use uuid::Uuid;

use super::wire::Changed;

/// One arrival at the broker.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) event: Uuid,
    /// What changed, and for the how manieth time; nothing for an event without order.
    pub(crate) change: Option<(i32, i64)>,
    /// The writer has rolled it back, or it is no event of a writer.
    pub(crate) doomed: bool,
}

impl Arrival {
    pub(crate) fn of(event: &DomainEvent) -> Self {
        let changed = event.decode::<Changed>().ok();
        let change = changed.as_ref().and_then(|of| Some((of.aggregate?, of.version)));
        Self { event: event.id.uuid(), change, doomed: changed.is_none_or(|of| of.doomed) }
    }
}

/// What the database says at the end: the truth.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    /// Every event whose transaction was committed.
    pub(crate) sent: HashSet<Uuid>,
    /// How many changes the aggregates know of, by their versions.
    pub(crate) changes: u64,
    /// How often each event was handled behind the inbox.
    pub(crate) handled: HashMap<Uuid, i64>,
    /// Rows that are no events, ...
    pub(crate) poison: HashSet<Uuid>,
    /// ... and the rows that were parked.
    pub(crate) parked: Vec<Uuid>,
    /// What is left in the outbox.
    pub(crate) left: u64,
    /// How often a relay took or lost a partition.
    pub(crate) lease_changes: u64,
}

/// Sent, arrived, and what was wrong with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    figures: BTreeMap<&'static str, u64>,
    order: Vec<&'static str>,
}

/// What must not happen at all.
const NEVER: [&str; 8] = [
    "lost",
    "out_of_order",
    "rolled_back_arrived",
    "duplicates_past_inbox",
    "lost_past_inbox",
    "poison_not_parked",
    "parked_wrongly",
    "left_in_outbox",
];

impl Ledger {
    /// Compares what arrived with the truth.
    pub(crate) fn of(arrivals: &[Arrival], truth: &Truth) -> Self {
        let mut first: HashMap<Uuid, usize> = HashMap::new();
        let mut places: HashMap<(i32, i64), usize> = HashMap::new();
        for (place, arrival) in arrivals.iter().enumerate() {
            first.entry(arrival.event).or_insert(place);
            if let Some(change) = arrival.change {
                places.entry(change).or_insert(place);
            }
        }
        let stray = |arrival: &&Arrival| arrival.doomed || !truth.sent.contains(&arrival.event);
        let strays: HashSet<_> = arrivals.iter().filter(stray).map(|of| of.event).collect();
        let lost = truth.sent.iter().filter(|event| !first.contains_key(event)).count();
        let out_of_order = places.iter().filter(|((aggregate, version), place)| {
            let before = places.get(&(*aggregate, version - 1));
            before.is_some_and(|before| before > *place)
        });
        let unhandled = truth.sent.iter().filter(|event| !truth.handled.contains_key(event));
        let again: i64 = truth.handled.values().map(|times| times - 1).sum();
        let parked: HashSet<_> = truth.parked.iter().copied().collect();
        let parked_wrongly = truth.parked.len() - parked.intersection(&truth.poison).count();

        let mut ledger = Self::default();
        ledger.set("sent", truth.sent.len());
        ledger.set("changes", truth.changes);
        ledger.set("arrived", first.len());
        ledger.set("lost", lost);
        ledger.set("duplicated", arrivals.len() - first.len());
        ledger.set("out_of_order", out_of_order.count());
        ledger.set("rolled_back_arrived", strays.len());
        ledger.set("handled", truth.handled.len());
        ledger.set("lost_past_inbox", unhandled.count());
        ledger.set("duplicates_past_inbox", u64::try_from(again).unwrap_or_default());
        ledger.set("poison", truth.poison.len());
        ledger.set("parked", truth.parked.len());
        ledger.set("poison_not_parked", truth.poison.difference(&parked).count());
        ledger.set("parked_wrongly", parked_wrongly);
        ledger.set("left_in_outbox", truth.left);
        ledger.set("lease_changes", truth.lease_changes);
        ledger
    }

    /// Adds a figure at the end, or changes it.
    pub(crate) fn set(&mut self, name: &'static str, value: impl TryInto<u64>) {
        if self.figures.insert(name, value.try_into().unwrap_or(u64::MAX)).is_none() {
            self.order.push(name);
        }
    }

    pub(crate) fn get(&self, name: &str) -> u64 {
        self.figures.get(name).copied().unwrap_or_default()
    }

    /// All figures, in the order in which a person reads them.
    pub(crate) fn figures(&self) -> impl Iterator<Item = (&'static str, u64)> + Clone {
        self.order.iter().map(|name| (*name, self.get(name)))
    }

    /// What must not have happened and did.
    pub(crate) fn faults(&self) -> Vec<String> {
        let broken = NEVER.iter().filter(|name| self.get(name) > 0);
        broken.map(|name| format!("{name}: {}", self.get(name))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(event: u128, version: i64) -> Arrival {
        Arrival { event: Uuid::from_u128(event), change: Some((1, version)), doomed: false }
    }

    fn truth(sent: &[u128]) -> Truth {
        let sent: HashSet<_> = sent.iter().copied().map(Uuid::from_u128).collect();
        let handled = sent.iter().map(|event| (*event, 1)).collect();
        Truth { sent, handled, ..Truth::default() }
    }

    #[test]
    fn arrivals_in_order_are_no_fault_however_often_they_are_repeated() {
        let arrivals = [arrival(1, 1), arrival(2, 2), arrival(1, 1), arrival(3, 3), arrival(2, 2)];
        let ledger = Ledger::of(&arrivals, &truth(&[1, 2, 3]));
        assert_eq!(ledger.faults(), [""; 0]);
        assert_eq!((ledger.get("arrived"), ledger.get("duplicated")), (3, 2));
    }

    #[test]
    fn what_overtakes_and_what_is_missing_is_counted() {
        let arrivals = [arrival(2, 2), arrival(1, 1), arrival(4, 4)];
        let ledger = Ledger::of(&arrivals, &truth(&[1, 2, 3, 4]));
        assert_eq!(ledger.faults(), ["lost: 1", "out_of_order: 1"]);
    }

    #[test]
    fn what_was_rolled_back_and_what_the_inbox_let_through_is_counted() {
        let mut truth = truth(&[1]);
        truth.handled.insert(Uuid::from_u128(1), 3);
        let ledger = Ledger::of(&[arrival(1, 1), arrival(9, 2)], &truth);
        assert_eq!(ledger.faults(), ["rolled_back_arrived: 1", "duplicates_past_inbox: 2"]);
    }

    #[test]
    fn poison_is_parked_once_and_nothing_else_is() {
        let mut truth = truth(&[]);
        truth.poison = [1, 2].map(Uuid::from_u128).into();
        truth.parked = [2, 2, 3].map(Uuid::from_u128).into();
        let ledger = Ledger::of(&[], &truth);
        assert_eq!(ledger.faults(), ["poison_not_parked: 1", "parked_wrongly: 2"]);
    }
}
