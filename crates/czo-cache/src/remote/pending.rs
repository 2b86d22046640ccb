//! What the store is still to be told.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::scope::scope_of;
use crate::store::Invalidation;

/// More than this is not told one by one, which could take longer than what comes meanwhile:
/// everything is forgotten instead.
const MOST: usize = 200;

/// What the store is still to be told.
#[derive(Debug, Default)]
pub(super) struct Pending {
    all: Mutex<All>,
}

#[derive(Debug, Default)]
struct All {
    /// Each with the number of the last time it was added.
    by_what: HashMap<Invalidation, u64>,
    last: u64,
}

impl Pending {
    pub(super) fn add(&self, what: Invalidation) {
        // A search takes many calls, all of which would have to succeed before a session begins.
        let what = match what {
            Invalidation::Pattern(pattern) => {
                let namespace = pattern.split_once('|').map_or("", |(namespace, _)| namespace);
                Invalidation::Scope(scope_of(namespace))
            }
            other => other,
        };
        let mut all = self.lock();
        all.last += 1;
        let number = all.last;
        if all.by_what.len() >= MOST {
            all.by_what.clear();
            all.by_what.insert(Invalidation::Scope(scope_of("")), number);
        } else {
            all.by_what.insert(what, number);
        }
    }

    /// All of it, with numbers, in the order in which it came. It stays until it was
    /// [told](Self::told).
    pub(super) fn all(&self) -> Vec<(Invalidation, u64)> {
        let mut all: Vec<_> =
            self.lock().by_what.iter().map(|(what, number)| (what.clone(), *number)).collect();
        all.sort_unstable_by_key(|(_, number)| *number);
        all
    }

    /// It was told, unless it came once more meanwhile.
    pub(super) fn told(&self, what: &Invalidation, number: u64) {
        let mut all = self.lock();
        if all.by_what.get(what) == Some(&number) {
            all.by_what.remove(what);
        }
    }

    /// Does something if there is nothing left, before anything can be added.
    pub(super) fn if_empty(&self, then: impl FnOnce()) -> bool {
        let all = self.lock();
        let is_empty = all.by_what.is_empty();
        if is_empty {
            then();
        }
        is_empty
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Invalidation {
        Invalidation::Keys(vec![format!("|{number}")])
    }

    #[test]
    fn too_much_to_tell_is_told_as_everything() {
        let pending = Pending::default();
        (0..=MOST).for_each(|number| pending.add(key(number)));
        let all: Vec<_> = pending.all().into_iter().map(|(what, _)| what).collect();
        assert_eq!(all, [Invalidation::Scope("all".to_owned())]);
    }

    #[test]
    fn a_pattern_is_told_as_its_namespace() {
        let pending = Pending::default();
        for pattern in ["a/b|k*", "|k*"] {
            pending.add(Invalidation::Pattern(pattern.to_owned()));
        }
        let all: Vec<_> = pending.all().into_iter().map(|(what, _)| what).collect();
        let scopes = ["ns:a/b", "all"].map(|scope| Invalidation::Scope(scope.to_owned()));
        assert_eq!(all, scopes);
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let pending = Pending::default();
        pending.add(key(1));
        assert!(!pending.if_empty(|| {}));
        for (what, number) in pending.all() {
            pending.told(&what, number);
        }
        assert!(pending.if_empty(|| {}));
    }

    #[test]
    fn what_comes_again_while_it_is_told_is_told_again() {
        let pending = Pending::default();
        pending.add(key(1));
        let told = pending.all();
        pending.add(key(1));
        for (what, number) in told {
            pending.told(&what, number);
        }
        assert!(!pending.if_empty(|| {}));
    }

    #[test]
    fn it_is_told_in_the_order_in_which_it_came() {
        let pending = Pending::default();
        [3, 1, 2, 3].into_iter().for_each(|number| pending.add(key(number)));
        let all: Vec<_> = pending.all().into_iter().map(|(what, _)| what).collect();
        assert_eq!(all, [key(1), key(2), key(3)]);
    }
}
