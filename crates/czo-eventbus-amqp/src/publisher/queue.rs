//! What is to be published and was not yet.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::ticket::{NotConfirmed, Outgoing};

/// What is to be published, oldest first: what was under way when a channel was lost, and what finds
/// no room.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Outgoing>,
    /// How many of them wait as long as it takes.
    patient: usize,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many do not wait for ever, and so make room by themselves.
    pub(super) fn impatient(&self) -> usize {
        self.waiting.len() - self.patient
    }

    pub(super) fn push_back(&mut self, outgoing: Outgoing) {
        self.patient += usize::from(outgoing.is_patient());
        self.waiting.push_back(outgoing);
    }

    pub(super) fn push_front(&mut self, outgoing: Outgoing) {
        self.patient += usize::from(outgoing.is_patient());
        self.waiting.push_front(outgoing);
    }

    /// The oldest that somebody still waits for.
    pub(super) fn pop(&mut self) -> Option<Outgoing> {
        while let Some(outgoing) = self.waiting.pop_front() {
            self.patient -= usize::from(outgoing.is_patient());
            if outgoing.is_wanted() {
                return Some(outgoing);
            }
        }
        None
    }

    /// Tells those who have waited long enough, and forgets what nobody waits for any more.
    pub(super) fn expire(&mut self, now: Instant, reason: impl Fn() -> NotConfirmed) {
        self.waiting.retain(|outgoing| {
            outgoing.expire(now, &reason);
            outgoing.is_wanted()
        });
        self.patient = self.waiting.iter().filter(|outgoing| outgoing.is_patient()).count();
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
