//! What a relay has in memory: events in the order of their keys.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use tokio::time::Instant;

use super::backoff::Backoff;
use crate::partition::Partition;
use crate::store::Row;

/// Where an event is in the table.
pub(super) type Place = (Partition, i64);

/// An event that was read, and how its handing over went so far.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) row: Row,
    pub(super) backoff: Backoff,
}

impl Flight {
    pub(super) fn place(&self) -> Place {
        (self.row.partition, self.row.position)
    }
}

/// What a relay has in memory. Of each key at most one event is on its way to the bus; those
/// behind it wait here.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// Everything that was read and has not left the table, with its size.
    in_flight: HashMap<i64, (Partition, usize)>,
    bytes: usize,
    /// What is with the bus and was not taken.
    under_way: HashMap<i64, Partition>,
    /// The keys that have an event ready, delayed or on its way, and what waits behind it.
    keys: HashMap<String, VecDeque<Flight>>,
    ready: VecDeque<Flight>,
    /// What waits for its next attempt, by time and position.
    delayed: BTreeMap<(Instant, i64), Flight>,
}

impl Lanes {
    pub(super) fn len(&self) -> usize {
        self.in_flight.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Whether anything is to be handed over, now or later.
    pub(super) fn has_work(&self) -> bool {
        !self.ready.is_empty() || !self.delayed.is_empty()
    }

    /// What need not be read again.
    pub(super) fn positions(&self) -> Vec<i64> {
        self.in_flight.keys().copied().collect()
    }

    /// The keys that wait for their next attempt: reading on would only fill the memory.
    pub(super) fn delayed_keys(&self) -> Vec<String> {
        self.delayed.values().filter_map(|flight| flight.row.key.clone()).collect()
    }

    /// How long the events are that were read, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether anything of a partition was read and has not left the table.
    pub(super) fn has_any_of(&self, partition: Partition) -> bool {
        self.in_flight.values().any(|(of, _)| *of == partition)
    }

    /// Whether anything of a partition is with the bus, which may still take it.
    pub(super) fn is_under_way(&self, partition: Partition) -> bool {
        self.under_way.values().any(|of| *of == partition)
    }

    /// Takes what was read, in the order of positions.
    pub(super) fn admit(&mut self, row: Row) {
        let size = row.event.len();
        if self.in_flight.contains_key(&row.position) {
            return;
        }
        self.in_flight.insert(row.position, (row.partition, size));
        self.bytes += size;
        let key = row.key.clone();
        let flight = Flight { row, backoff: Backoff::default() };
        match key {
            Some(key) => match self.keys.get_mut(&key) {
                Some(behind) => behind.push_back(flight),
                None => {
                    self.keys.insert(key, VecDeque::new());
                    self.ready.push_back(flight);
                }
            },
            None => self.ready.push_back(flight),
        }
    }

    /// The next event to hand over.
    pub(super) fn next(&mut self) -> Option<Flight> {
        let flight = self.ready.pop_front()?;
        self.under_way.insert(flight.row.position, flight.row.partition);
        Some(flight)
    }

    /// The bus has answered about an event.
    pub(super) fn is_answered(&mut self, position: i64) {
        self.under_way.remove(&position);
    }

    /// The bus has taken an event, or never will: the next of its key has its turn.
    pub(super) fn end_turn(&mut self, key: Option<&str>) {
        let Some(key) = key else { return };
        match self.keys.get_mut(key).and_then(VecDeque::pop_front) {
            Some(next) => self.ready.push_back(next),
            None => {
                self.keys.remove(key);
            }
        }
    }

    /// The bus was out of reach: the event keeps its turn. Another one finds out whether the bus
    /// is back, should it be this one that the bus can't stand.
    pub(super) fn put_back(&mut self, flight: Flight) {
        self.ready.push_back(flight);
    }

    /// The event keeps its turn, and has it at `until`.
    pub(super) fn delay(&mut self, flight: Flight, until: Instant) {
        self.delayed.insert((until, flight.row.position), flight);
    }

    pub(super) fn next_delayed(&self) -> Option<Instant> {
        self.delayed.keys().next().map(|(until, _)| *until)
    }

    /// Lets those whose time has come have their turn.
    pub(super) fn resume(&mut self, now: Instant) {
        while let Some(first) = self.delayed.first_entry().filter(|first| first.key().0 <= now) {
            self.ready.push_back(first.remove());
        }
    }

    /// An event has left the table, or is to be read again.
    pub(super) fn forget(&mut self, position: i64) {
        if let Some((_, size)) = self.in_flight.remove(&position) {
            self.bytes -= size;
        }
    }

    /// Drops what is not on its way of all partitions but `kept`: others read it.
    pub(super) fn retain(&mut self, kept: &BTreeSet<Partition>) {
        let mut dropped: Vec<Flight> = Vec::new();
        let is_kept = |flight: &Flight| kept.contains(&flight.row.partition);
        // A key is in one partition: with its first event goes all that waits behind it.
        for flights in self.keys.values_mut() {
            let (stay, go): (VecDeque<_>, VecDeque<_>) =
                std::mem::take(flights).into_iter().partition(is_kept);
            *flights = stay;
            dropped.extend(go);
        }
        let mut heads = Vec::new();
        let (stay, go): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.ready).into_iter().partition(is_kept);
        self.ready = stay;
        heads.extend(go);
        let (stay, go): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.delayed).into_iter().partition(|(_, of)| is_kept(of));
        self.delayed = stay;
        heads.extend(go.into_values());
        for head in &heads {
            if let Some(key) = &head.row.key {
                self.keys.remove(key);
            }
        }
        for flight in dropped.iter().chain(&heads) {
            self.forget(flight.row.position);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;

    use super::*;

    fn row(position: i64, key: Option<&str>) -> Row {
        let partition = Partition(i16::try_from(position % 2).unwrap());
        let (key, group) = (key.map(str::to_owned), None);
        let occurred_at = DateTime::UNIX_EPOCH;
        Row { partition, position, key, group, event: String::new(), occurred_at }
    }

    fn ready(lanes: &mut Lanes) -> Vec<i64> {
        std::iter::from_fn(|| lanes.next()).map(|flight| flight.row.position).collect()
    }

    #[test]
    fn of_a_key_one_event_at_a_time_is_on_its_way() {
        let mut lanes = Lanes::default();
        for (position, key) in [(1, Some("a")), (2, None), (3, Some("a")), (4, Some("b"))] {
            lanes.admit(row(position, key));
        }
        assert_eq!(ready(&mut lanes), [1, 2, 4]);
        lanes.end_turn(Some("a"));
        assert_eq!(ready(&mut lanes), [3]);
        lanes.end_turn(Some("a"));
        lanes.admit(row(5, Some("a")));
        assert_eq!(ready(&mut lanes), [5]);
    }

    #[test]
    fn what_is_read_twice_is_taken_once() {
        let mut lanes = Lanes::default();
        lanes.admit(row(1, Some("a")));
        lanes.admit(row(1, Some("a")));
        assert_eq!(ready(&mut lanes), [1]);
        lanes.end_turn(Some("a"));
        assert_eq!(ready(&mut lanes), [0; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_delayed_event_keeps_the_turn_of_its_key() {
        let mut lanes = Lanes::default();
        lanes.admit(row(1, Some("a")));
        lanes.admit(row(2, Some("a")));
        let first = lanes.next().unwrap();
        let until = Instant::now() + Duration::from_secs(1);
        lanes.delay(first, until);
        assert_eq!(ready(&mut lanes), [0; 0]);
        assert_eq!(lanes.delayed_keys(), ["a"]);
        lanes.resume(until);
        assert_eq!(ready(&mut lanes), [1]);
        lanes.end_turn(Some("a"));
        assert_eq!(ready(&mut lanes), [2]);
    }

    #[test]
    fn what_belongs_to_others_is_dropped_and_what_is_on_its_way_stays() {
        let mut lanes = Lanes::default();
        for (position, key) in [(1, Some("a")), (2, Some("b")), (3, Some("a")), (5, Some("c"))] {
            lanes.admit(row(position, key));
        }
        let under_way = lanes.next().unwrap();
        assert_eq!(under_way.row.position, 1);
        assert!(lanes.is_under_way(Partition(1)));
        lanes.retain(&BTreeSet::from([Partition(0)]));
        let mut positions = lanes.positions();
        positions.sort_unstable();
        assert_eq!(positions, [1, 2]);
        assert_eq!(ready(&mut lanes), [2]);
        lanes.is_answered(1);
        lanes.end_turn(Some("a"));
        assert!(!lanes.is_under_way(Partition(1)) && lanes.has_any_of(Partition(1)));
        lanes.forget(1);
        assert!(!lanes.has_any_of(Partition(1)));
    }
}
