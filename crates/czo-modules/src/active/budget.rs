//! When a module fails too often.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{CallError, ErrorBudget};

/// How many parts the window has: it moves on by one at a time.
const PARTS: usize = 12;

/// How many of the last errors are remembered.
const LAST: usize = 10;

/// How long the text of one may be, in bytes.
const TEXT: usize = 512;

/// Counts the calls of a generation, and knows when too many failed.
pub(crate) struct ErrorBook {
    budget: ErrorBudget,
    counts: Mutex<Counts>,
}

/// A module failed too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted {
    /// What it did, for people.
    pub(crate) reason: String,
    /// The errors it ended with, the oldest first.
    pub(crate) last_errors: Vec<String>,
}

struct Counts {
    parts: [Part; PARTS],
    /// Which part is being filled, and since when.
    at: usize,
    since: Instant,
    traps_in_a_row: u32,
    last_errors: Vec<String>,
    is_exhausted: bool,
}

#[derive(Clone, Copy, Default)]
struct Part {
    calls: u32,
    failures: u32,
}

impl ErrorBook {
    pub(crate) fn new(budget: ErrorBudget) -> Self {
        let counts = Counts {
            parts: [Part::default(); PARTS],
            at: 0,
            since: Instant::now(),
            traps_in_a_row: 0,
            last_errors: Vec::new(),
            is_exhausted: false,
        };
        Self { budget, counts: Mutex::new(counts) }
    }

    /// Writes down a call that ended, with the error where the module is to blame. Says once that it
    /// was one too many.
    pub(crate) fn record(&self, now: Instant, failed: Option<&CallError>) -> Option<Exhausted> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.move_on(now, self.budget.window / u32::try_from(PARTS).unwrap_or(1));
        let at = counts.at;
        counts.parts[at].calls += 1;
        let Some(error) = failed else {
            counts.traps_in_a_row = 0;
            return None;
        };
        counts.parts[at].failures += 1;
        let has_trapped = matches!(error, CallError::Trapped { .. } | CallError::Stopped(_));
        counts.traps_in_a_row = if has_trapped { counts.traps_in_a_row + 1 } else { 0 };
        if counts.last_errors.len() == LAST {
            counts.last_errors.remove(0);
        }
        counts.last_errors.push(shortened(error.to_string()));
        if counts.is_exhausted {
            return None;
        }
        let reason = counts.too_much(&self.budget)?;
        counts.is_exhausted = true;
        Some(Exhausted { reason, last_errors: counts.last_errors.clone() })
    }

    /// Lets it say once more that it was too much: nothing could be done about it the first time.
    pub(crate) fn rearm(&self) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).is_exhausted = false;
    }
}

impl Counts {
    fn move_on(&mut self, now: Instant, part: Duration) {
        let part = part.max(Duration::from_millis(1));
        // Once around, and nothing of before is left.
        for _ in 0..PARTS {
            if now.duration_since(self.since) < part {
                return;
            }
            self.at = (self.at + 1) % PARTS;
            self.parts[self.at] = Part::default();
            self.since += part;
        }
        self.since = now;
    }

    fn too_much(&self, budget: &ErrorBudget) -> Option<String> {
        if self.traps_in_a_row >= budget.traps_in_a_row {
            return Some(format!("{} calls in a row broke or were stopped", self.traps_in_a_row));
        }
        let sum = |of: fn(&Part) -> u32| self.parts.iter().map(of).sum::<u32>();
        let (calls, failures) = (sum(|part| part.calls), sum(|part| part.failures));
        let is_too_much =
            calls >= budget.calls && f64::from(failures) > budget.failing * f64::from(calls);
        let seconds = budget.window.as_secs();
        is_too_much.then(|| format!("{failures} of {calls} calls failed within {seconds} s"))
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > TEXT {
        text.truncate(text.floor_char_boundary(TEXT));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModuleFailure;

    fn broken() -> CallError {
        CallError::Failed(ModuleFailure::Broken("no".into()))
    }

    fn trap() -> CallError {
        CallError::Trapped { message: "unreachable".into() }
    }

    #[test]
    fn more_than_half_of_twenty_calls_are_too_many() {
        let (book, now) = (ErrorBook::new(ErrorBudget::default()), Instant::now());
        for _ in 0..9 {
            assert_eq!(book.record(now, None), None);
        }
        for _ in 0..10 {
            assert_eq!(book.record(now, Some(&broken())), None);
        }
        let exhausted = book.record(now, Some(&broken())).unwrap();
        assert_eq!(exhausted.reason, "11 of 20 calls failed within 60 s");
        assert_eq!(exhausted.last_errors, vec!["no".to_owned(); 10]);
    }

    #[test]
    fn five_traps_in_a_row_are_too_many_and_said_once() {
        let (book, now) = (ErrorBook::new(ErrorBudget::default()), Instant::now());
        for _ in 0..4 {
            assert_eq!(book.record(now, Some(&trap())), None);
        }
        book.record(now, None);
        for _ in 0..4 {
            assert_eq!(book.record(now, Some(&trap())), None);
        }
        assert!(book.record(now, Some(&trap())).is_some());
        assert_eq!(book.record(now, Some(&trap())), None);
    }

    #[test]
    fn failures_that_are_older_than_the_window_do_not_count() {
        let (book, start) = (ErrorBook::new(ErrorBudget::default()), Instant::now());
        for _ in 0..19 {
            book.record(start, Some(&broken()));
        }
        assert_eq!(book.record(start + Duration::from_secs(120), Some(&broken())), None);
    }
}
