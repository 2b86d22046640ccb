//! Whose turn it is among the events of one ordering key.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::delivery::Delivery;

/// The ordering keys whose turn somebody has, and what waits behind them.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    lanes: HashMap<Arc<str>, VecDeque<Delivery>>,
    waiting: usize,
}

impl Lanes {
    /// How many deliveries wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    /// Whether somebody has the turn of `key`.
    pub(crate) fn is_taken(&self, key: &str) -> bool {
        self.lanes.contains_key(key)
    }

    /// Takes the turn of `key`, which nobody must have.
    pub(crate) fn enter(&mut self, key: &str) -> Arc<str> {
        let key: Arc<str> = key.into();
        self.lanes.insert(key.clone(), VecDeque::new());
        key
    }

    /// Lets `delivery` wait behind those of its key. Somebody must have the turn.
    pub(crate) fn wait(&mut self, key: &str, delivery: Delivery) {
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.push_back(delivery);
            self.waiting += 1;
        }
    }

    /// Ends the turn of a delivery; the next of its key has it then.
    pub(crate) fn leave(&mut self, key: Arc<str>) -> Option<Delivery> {
        let next = self.lanes.get_mut(&key)?.pop_front();
        if let Some(mut next) = next {
            self.waiting -= 1;
            next.key = Some(key);
            return Some(next);
        }
        self.lanes.remove(&key);
        None
    }

    /// Takes out what waits and is not wanted.
    pub(crate) fn retain(
        &mut self,
        wanted: impl Fn(&Delivery) -> bool,
        dropped: &mut Vec<Delivery>,
    ) {
        for lane in self.lanes.values_mut() {
            let (kept, unwanted): (VecDeque<_>, VecDeque<_>) =
                std::mem::take(lane).into_iter().partition(&wanted);
            *lane = kept;
            self.waiting -= unwanted.len();
            dropped.extend(unwanted);
        }
    }
}
