//! The last good answers, for a while and in bounded memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

/// What an answer is to: the webhook as it is defined, and the whole question, hashed.
pub(super) type Key = [u8; 32];

/// What an answer takes beside its own bytes, about.
const OVERHEAD: usize = 256;

/// The last good answers. Of too many, those go that were not used for longest.
#[derive(Debug)]
pub(super) struct LastGood {
    keep: Duration,
    most_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    answers: HashMap<Key, Answer>,
    /// By when they were used.
    order: BTreeMap<u64, Key>,
    bytes: usize,
    uses: u64,
}

#[derive(Debug)]
struct Answer {
    body: Bytes,
    at: Instant,
    used: u64,
}

impl LastGood {
    pub(super) fn new(keep: Duration, most_bytes: usize) -> Self {
        Self { keep, most_bytes, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, key: Key, body: &[u8], now: Instant) {
        let mut kept = self.kept();
        kept.remove(&key);
        if body.len() + OVERHEAD > self.most_bytes {
            return;
        }
        // A copy: what was read may be a part of a larger buffer, and would keep that.
        let body = Bytes::copy_from_slice(body);
        kept.bytes += body.len() + OVERHEAD;
        let used = kept.next_use(key);
        kept.answers.insert(key, Answer { body, at: now, used });
        while kept.bytes > self.most_bytes {
            let Some((_, oldest)) = kept.order.first_key_value() else { break };
            let oldest = *oldest;
            kept.remove(&oldest);
        }
    }

    /// The answer, and how old it is.
    pub(super) fn get(&self, key: &Key, now: Instant) -> Option<(Bytes, Duration)> {
        let mut kept = self.kept();
        let answer = kept.answers.get(key)?;
        let (body, age, used) = (answer.body.clone(), now - answer.at, answer.used);
        if age >= self.keep {
            kept.remove(key);
            return None;
        }
        kept.order.remove(&used);
        let used = kept.next_use(*key);
        if let Some(answer) = kept.answers.get_mut(key) {
            answer.used = used;
        }
        Some((body, age))
    }
}

impl Kept {
    fn next_use(&mut self, key: Key) -> u64 {
        self.uses += 1;
        self.order.insert(self.uses, key);
        self.uses
    }

    fn remove(&mut self, key: &Key) {
        if let Some(answer) = self.answers.remove(key) {
            self.order.remove(&answer.used);
            self.bytes -= answer.body.len() + OVERHEAD;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Key {
        [number; 32]
    }

    const BODY: &[u8] = &[b'1'; 10_000];

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn of_too_many_those_go_that_were_not_used_for_longest() {
        let (kept, now) = (LastGood::new(HOUR, 3 * (1_000 + OVERHEAD)), Instant::now());
        (0..3).for_each(|number| kept.put(key(number), &BODY[..1_000], now));
        assert!(kept.get(&key(0), now).is_some());
        kept.put(key(3), &BODY[..1_000], now);
        let has = [0, 1, 2, 3].map(|number| kept.get(&key(number), now).is_some());
        assert_eq!(has, [true, false, true, true]);
        // One that is larger than all may be drives nobody out.
        kept.put(key(3), &BODY[..10_000], now);
        let has = [0, 2, 3].map(|number| kept.get(&key(number), now).is_some());
        assert_eq!(has, [true, true, false]);
        let kept = kept.kept();
        assert_eq!((kept.bytes, kept.order.len()), (2 * (1_000 + OVERHEAD), 2));
    }

    #[test]
    fn an_answer_counts_for_a_while_and_the_newest_takes_its_place() {
        let (kept, now) = (LastGood::new(HOUR, 10_000), Instant::now());
        kept.put(key(1), &BODY[..1], now);
        kept.put(key(1), &BODY[..2], now + HOUR / 2);
        let (answer, age) = kept.get(&key(1), now + HOUR).unwrap();
        assert_eq!((answer.len(), age), (2, HOUR / 2));
        assert!(kept.get(&key(1), now + HOUR * 3 / 2).is_none());
        assert_eq!(kept.kept().bytes, 0);
    }
}
