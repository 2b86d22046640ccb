//! Whose turn it is among the events of one ordering key.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::item::Item;

/// For each key of which an event is at hand, those that wait behind it.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: HashMap<Arc<str>, VecDeque<Item>>,
}

impl Lanes {
    /// Gives an item the turn of its key, or keeps it until it has it.
    pub(super) fn enter(&mut self, key: &str, mut item: Item) -> Option<Item> {
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.push_back(item);
            return None;
        }
        let key: Arc<str> = key.into();
        self.lanes.insert(key.clone(), VecDeque::new());
        item.key = Some(key);
        Some(item)
    }

    /// Ends the turn of a key; the next one has it.
    pub(super) fn leave(&mut self, key: Arc<str>) -> Option<Item> {
        let next = self.lanes.get_mut(&key)?.pop_front();
        match next {
            Some(mut next) => {
                next.key = Some(key);
                Some(next)
            }
            None => {
                self.lanes.remove(&key);
                None
            }
        }
    }

    /// Takes out what waits and is not wanted.
    pub(super) fn take_unwanted(&mut self, is_wanted: impl Fn(&Item) -> bool) -> Vec<Item> {
        let mut unwanted = Vec::new();
        for lane in self.lanes.values_mut() {
            for item in std::mem::take(lane) {
                if is_wanted(&item) {
                    lane.push_back(item);
                } else {
                    unwanted.push(item);
                }
            }
        }
        unwanted
    }

    /// Takes out everything that waits. Whoever has a turn keeps it.
    pub(super) fn take_waiting(&mut self) -> impl Iterator<Item = Item> {
        self.lanes.values_mut().flat_map(|lane| lane.drain(..)).collect::<Vec<_>>().into_iter()
    }
}
