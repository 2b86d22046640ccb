//! What was handled a moment ago.

use std::collections::{HashMap, VecDeque};

use czo_core::EventId;

/// How many are remembered.
const CAPACITY: usize = 4_096;

/// What was handled a moment ago: where the broker did not hear that before the connection was
/// lost, it gives it out again, marked as such, and it need not be handled twice.
#[derive(Debug, Default)]
pub(super) struct Recent {
    order: VecDeque<EventId>,
    counts: HashMap<EventId, usize>,
}

impl Recent {
    pub(super) fn add(&mut self, id: EventId) {
        self.order.push_back(id);
        *self.counts.entry(id).or_default() += 1;
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
            && let Some(count) = self.counts.get_mut(&oldest)
        {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&oldest);
            }
        }
    }

    pub(super) fn contains(&self, id: EventId) -> bool {
        self.counts.contains_key(&id)
    }
}
