//! What was handled a moment ago.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use czo_core::EventId;

/// How many are remembered, and for how long.
const CAPACITY: usize = 4_096;
const FOR: Duration = Duration::from_secs(60);

/// What was handled a moment ago: where the broker did not hear that before the connection was
/// lost, it gives it out again, marked as such, and it need not be handled twice.
#[derive(Debug, Default)]
pub(super) struct Recent {
    order: VecDeque<(EventId, Instant)>,
    counts: HashMap<EventId, usize>,
}

impl Recent {
    pub(super) fn add(&mut self, id: EventId) {
        self.forget();
        self.order.push_back((id, Instant::now()));
        *self.counts.entry(id).or_default() += 1;
    }

    pub(super) fn contains(&mut self, id: EventId) -> bool {
        self.forget();
        self.counts.contains_key(&id)
    }

    fn forget(&mut self) {
        while let Some((id, at)) = self.order.front().copied() {
            if self.order.len() < CAPACITY && at.elapsed() < FOR {
                return;
            }
            self.order.pop_front();
            if let Some(count) = self.counts.get_mut(&id) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&id);
                }
            }
        }
    }
}
