//! What is invalidated as a whole: everything, a namespace, or what has a tag.
//!
//! Nothing is looked for when a scope is invalidated. It notes the generation, a number that every
//! invalidation raises; an entry notes the one at which its load began. An entry is good as long as
//! no scope of it was invalidated at a later one. Since the note is made before the load reads
//! anything, what it reads was there when the last invalidation that counts had happened.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// How many invalidations there have been in this process.
pub(crate) type Generation = u64;

/// A set of entries that is invalidated as a whole.
#[derive(Debug)]
pub(crate) struct Scope {
    name: Box<str>,
    invalidated_at: AtomicU64,
    /// Its generation in the store, and which session with the store said so; 0 when none did.
    pub(crate) remote: Mutex<(u64, u64)>,
}

impl Scope {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn invalidated_at(&self) -> Generation {
        self.invalidated_at.load(Ordering::Acquire)
    }

    /// What the store said of it in this session.
    pub(crate) fn remote(&self, session: u64) -> Option<u64> {
        let known = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        (known.0 == session).then_some(known.1)
    }

    /// Notes what the store said. Generations only grow, so the greatest is the newest.
    pub(crate) fn set_remote(&self, session: u64, generation: u64) {
        let mut known = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        *known = match *known {
            (same, before) if same == session => (session, before.max(generation)),
            _ => (session, generation),
        };
    }
}

/// What the scope of a tag is called.
pub(crate) fn tag_scope(tag: &str) -> String {
    format!("tag:{tag}")
}

/// What the scope of a namespace is called.
pub(crate) fn scope_of(namespace: &str) -> String {
    match namespace {
        "" => "all".to_owned(),
        path => format!("ns:{path}"),
    }
}

/// All scopes that an entry, a load or a handle has.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    generation: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_name: HashMap<Box<str>, Weak<Scope>>,
    /// Those nobody has any more are removed when there are more than this.
    sweep_at: usize,
}

/// Below this nothing is swept.
const SWEEP_AT_LEAST: usize = 1_024;

impl Scopes {
    pub(crate) fn generation(&self) -> Generation {
        self.generation.load(Ordering::Acquire)
    }

    /// The scope of this name. One that nobody had counts as just invalidated: it may have been
    /// while nobody had it.
    pub(crate) fn of(&self, name: &str) -> Arc<Scope> {
        let mut known = self.known();
        if let Some(scope) = known.by_name.get(name).and_then(Weak::upgrade) {
            return scope;
        }
        let scope = Arc::new(Scope {
            name: name.into(),
            // Under the lock: an invalidation raises the generation first and looks here after.
            invalidated_at: AtomicU64::new(self.generation()),
            remote: Mutex::default(),
        });
        known.by_name.insert(name.into(), Arc::downgrade(&scope));
        if known.by_name.len() > known.sweep_at.max(SWEEP_AT_LEAST) {
            known.by_name.retain(|_, scope| scope.strong_count() > 0);
            known.sweep_at = known.by_name.len() * 2;
        }
        scope
    }

    /// The scope of this name, if anybody has it.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Scope>> {
        self.known().by_name.get(name).and_then(Weak::upgrade)
    }

    /// Everything of this scope that was loaded up to now, or is being loaded, is no good.
    pub(crate) fn invalidate(&self, name: &str) {
        let generation = self.next();
        if let Some(scope) = self.find(name) {
            scope.invalidated_at.fetch_max(generation, Ordering::AcqRel);
        }
    }

    /// Raises the generation.
    pub(crate) fn next(&self) -> Generation {
        self.generation.fetch_add(1, Ordering::AcqRel) + 1
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_that_nobody_had_counts_as_invalidated() {
        let scopes = Scopes::default();
        let began = scopes.generation();
        scopes.invalidate("tag:a");
        assert!(scopes.of("tag:a").invalidated_at() > began);
    }

    #[test]
    fn an_invalidation_concerns_one_scope() {
        let scopes = Scopes::default();
        let (a, b) = (scopes.of("tag:a"), scopes.of("tag:b"));
        let began = scopes.generation();
        scopes.invalidate("tag:a");
        assert!(a.invalidated_at() > began);
        assert!(b.invalidated_at() <= began);
    }

    #[test]
    fn scopes_that_nobody_has_are_forgotten() {
        let scopes = Scopes::default();
        let kept = scopes.of("tag:kept");
        for number in 0..10 * SWEEP_AT_LEAST {
            scopes.of(&format!("tag:{number}"));
        }
        assert!(scopes.known().by_name.len() <= SWEEP_AT_LEAST + 1);
        assert!(Arc::ptr_eq(&kept, &scopes.of("tag:kept")));
    }

    #[test]
    fn what_an_earlier_session_said_is_forgotten() {
        let scope = Scopes::default().of("tag:a");
        scope.set_remote(1, 7);
        scope.set_remote(1, 5);
        assert_eq!((scope.remote(1), scope.remote(2)), (Some(7), None));
        scope.set_remote(2, 3);
        assert_eq!((scope.remote(1), scope.remote(2)), (None, Some(3)));
    }
}
