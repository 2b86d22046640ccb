//! What is under way over one channel.

use lapin::Confirmation;
use slab::Slab;
use tokio::time::Instant;

use super::returns::Returns;
use super::ticket::{Answer, NotConfirmed, Outgoing, Published};
use super::{Loss, WINDOW};

/// From how many bytes on no more are sent until some are confirmed.
const MOST_BYTES: usize = 32 * 1024 * 1024;

const NOT_TAKEN: &str = "a queue did not take it: it is full, or out of order";

/// What is under way over one channel.
#[derive(Debug, Default)]
pub(super) struct Book {
    entries: Slab<Entry>,
    /// How many were published.
    published: u64,
    returns: Returns,
    /// Those that the broker has, of which it may still say that they came back.
    unclear: Vec<usize>,
    bytes: usize,
    /// How many were answered.
    answered: usize,
}

#[derive(Debug)]
struct Entry {
    /// The how many-th it was.
    number: u64,
    outgoing: Outgoing,
}

impl Book {
    /// How many more may be published now.
    pub(super) fn room(&self, is_wary: bool) -> usize {
        let most = if is_wary { 1 } else { WINDOW };
        if self.bytes < MOST_BYTES { most.saturating_sub(self.entries.len()) } else { 0 }
    }

    pub(super) fn answered(&self) -> usize {
        self.answered
    }

    pub(super) fn unconfirmed(&self) -> usize {
        self.entries.len()
    }

    /// Enters what is published next, and says under which key it is found.
    pub(super) fn enter(&mut self, outgoing: Outgoing) -> usize {
        self.bytes += outgoing.ticket.message.body.len();
        self.published += 1;
        self.entries.insert(Entry { number: self.published, outgoing })
    }

    /// Tells those who have waited long enough. What they asked for stays under way.
    pub(super) fn expire(&self, now: Instant, reason: impl Fn() -> NotConfirmed) {
        self.entries.iter().for_each(|(_, entry)| entry.outgoing.expire(now, &reason));
    }

    /// Tells who asked what the broker has said by now; says how the channel is lost, if it is.
    pub(super) fn settle(
        &mut self,
        said: &mut Vec<(usize, lapin::Result<Confirmation>)>,
    ) -> Option<Loss> {
        let mut lost = None;
        // All that came back have to be known before the first is told.
        for (_, said) in &mut *said {
            if let Ok(Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned))) = said
            {
                self.returns.add(returned);
            }
        }
        for (key, said) in said.drain(..) {
            let Ok(said) = said.map_err(|error| lost = Some(Loss::of(&error))) else { continue };
            let is_taken = !said.is_nack();
            let brought_one = said.take_message().is_some();
            let came_back = self.came_back(key);
            if !is_taken {
                self.tell(key, Err(NotConfirmed(NOT_TAKEN.to_owned())));
            } else if brought_one && !came_back {
                self.unclear.push(key);
            } else {
                self.tell(key, Ok(published(came_back)));
            }
        }
        for key in std::mem::take(&mut self.unclear) {
            let came_back = self.came_back(key);
            if came_back || self.returns.is_empty() {
                self.tell(key, Ok(published(came_back)));
            } else {
                self.unclear.push(key);
            }
        }
        lost
    }

    /// What was not answered, in the order in which it was published.
    pub(super) fn into_unanswered(self) -> impl DoubleEndedIterator<Item = Outgoing> {
        let mut entries: Vec<_> = self.entries.into_iter().map(|(_, entry)| entry).collect();
        entries.sort_unstable_by_key(|entry| entry.number);
        entries.into_iter().map(|entry| entry.outgoing)
    }

    fn came_back(&mut self, key: usize) -> bool {
        let entry = self.entries.get(key);
        entry.is_some_and(|entry| self.returns.take(&entry.outgoing.ticket))
    }

    fn tell(&mut self, key: usize, answer: Answer) {
        if let Some(Entry { outgoing, .. }) = self.entries.try_remove(key) {
            self.bytes -= outgoing.ticket.message.body.len();
            self.answered += 1;
            outgoing.answer(answer);
        }
    }
}

fn published(came_back: bool) -> Published {
    if came_back { Published::Unroutable } else { Published::Routed }
}
