//! What was given up, in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use czo_core::{Clock, DeadContent, DeadLetter, DeadLetterFilter, Failure, Group, SystemClock};

use crate::delivery::Delivery;

/// How many dead letters are kept.
const DEAD_LETTER_CAPACITY: usize = 10_000;

/// What was given up, oldest first. Beyond its capacity the oldest are lost, which is logged.
#[derive(Debug)]
pub(crate) struct DeadLetterBox {
    letters: Mutex<VecDeque<DeadLetter>>,
    clock: Arc<dyn Clock>,
}

impl Default for DeadLetterBox {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl DeadLetterBox {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { letters: Mutex::default(), clock }
    }

    /// An attempt that failed now.
    pub(crate) fn failure(&self, reason: String) -> Failure {
        Failure { at: self.clock.now(), reason }
    }

    /// Keeps an event that `group` gave up.
    pub(crate) fn give_up(&self, delivery: &Delivery, group: &Group, reason: String) {
        let content = DeadContent::Event(delivery.event.clone());
        let last = self.failure(reason);
        let first = delivery.first_failure.clone().unwrap_or_else(|| last.clone());
        let letter = DeadLetter::new(content, group.clone(), delivery.attempts, last);
        self.put(letter.first_failed(first));
    }

    /// Puts back letters that were taken, each where it was.
    pub(crate) fn put_back(&self, taken: Vec<DeadLetter>) {
        let mut letters = self.lock();
        let since = std::mem::replace(&mut *letters, taken.into());
        letters.extend(since);
        letters.make_contiguous().sort_by_key(|letter| letter.at);
        let beyond = letters.len().saturating_sub(DEAD_LETTER_CAPACITY);
        letters.drain(..beyond);
        Self::measure(letters);
    }

    fn put(&self, letter: DeadLetter) {
        let mut letters = self.lock();
        letters.push_back(letter);
        let beyond = letters.len().saturating_sub(DEAD_LETTER_CAPACITY);
        let lost: Vec<_> = letters.drain(..beyond).collect();
        Self::measure(letters);
        for letter in lost {
            let (id, group) =
                (letter.event_id().map(tracing::field::display), letter.group.as_str());
            tracing::error!(event.id = id, group, "too many dead letters: the oldest is lost");
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn list(&self, filter: &DeadLetterFilter, limit: usize) -> Vec<DeadLetter> {
        self.lock().iter().filter(|letter| filter.matches(letter)).take(limit).cloned().collect()
    }

    /// Takes out those that are meant, oldest first, at most `limit`.
    pub(crate) fn take(&self, filter: &DeadLetterFilter, limit: usize) -> Vec<DeadLetter> {
        let mut letters = self.lock();
        let mut room = limit;
        let (taken, kept): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut *letters).into_iter().partition(|letter| {
                let is_meant = room > 0 && filter.matches(letter);
                room -= usize::from(is_meant);
                is_meant
            });
        *letters = kept;
        Self::measure(letters);
        taken.into()
    }

    /// Nothing is told to others under the lock.
    fn measure(letters: MutexGuard<'_, VecDeque<DeadLetter>>) {
        let depth = u32::try_from(letters.len()).unwrap_or(u32::MAX);
        drop(letters);
        metrics::gauge!("czo_eventbus_dlx_depth").set(f64::from(depth));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<DeadLetter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
