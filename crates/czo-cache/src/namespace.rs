//! Parts of a cache with keys of their own.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use quick_cache::Equivalent;

use crate::error::NameError;
use crate::scope::{Scope, Scopes, scope_of};

/// The longest name of a namespace.
const LONGEST_NAME: usize = 100;

/// The longest path of one: what it costs to make one grows with all that it is in.
const LONGEST_PATH: usize = 1_000;

/// A part of a cache with keys of its own.
#[derive(Debug)]
pub(crate) struct Namespace {
    id: u64,
    /// The names from the outermost on, with `/` between; empty for the whole cache.
    path: Box<str>,
    /// The whole cache, and each namespace down to this one.
    scopes: Box<[Arc<Scope>]>,
}

impl Namespace {
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn scopes(&self) -> &[Arc<Scope>] {
        &self.scopes
    }

    /// Its own scope.
    pub(crate) fn scope(&self) -> &str {
        self.scopes.last().map_or("", |scope| scope.name())
    }
}

/// All namespaces that a handle or an entry has.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    last: AtomicU64,
    by_path: Mutex<HashMap<Box<str>, Weak<Namespace>>>,
}

impl Namespaces {
    /// The whole cache.
    pub(crate) fn root(&self, scopes: &Scopes) -> Arc<Namespace> {
        self.at("", scopes)
    }

    /// The namespace of this name in another.
    pub(crate) fn within(
        &self,
        outer: &Namespace,
        name: &str,
        scopes: &Scopes,
    ) -> Result<Arc<Namespace>, NameError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let is_too_deep = outer.path().len() + 1 + name.len() > LONGEST_PATH;
        if !(1..=LONGEST_NAME).contains(&name.len()) || !name.bytes().all(fits) || is_too_deep {
            return Err(NameError { name: name.chars().take(LONGEST_NAME).collect() });
        }
        let path = match outer.path() {
            "" => name.to_owned(),
            outer => format!("{outer}/{name}"),
        };
        Ok(self.at(&path, scopes))
    }

    /// The namespace at a path, if anybody has it.
    pub(crate) fn find(&self, path: &str) -> Option<Arc<Namespace>> {
        let by_path = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
        by_path.get(path).and_then(Weak::upgrade)
    }

    /// The namespace at a path.
    fn at(&self, path: &str, scopes: &Scopes) -> Arc<Namespace> {
        let mut by_path = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_path.get(path).and_then(Weak::upgrade) {
            return known;
        }
        by_path.retain(|_, namespace| namespace.strong_count() > 0);
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        let inner = ends.filter(|end| *end > 0).map(|end| scope_of(&path[..end]));
        let names = std::iter::once(scope_of("")).chain(inner);
        let namespace = Arc::new(Namespace {
            id: self.last.fetch_add(1, Ordering::Relaxed),
            path: path.into(),
            scopes: names.map(|name| scopes.of(&name)).collect(),
        });
        by_path.insert(path.into(), Arc::downgrade(&namespace));
        namespace
    }
}

/// A key in a namespace.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// That of the namespace: whoever compares needs not go there.
    id: u64,
    pub(crate) namespace: Arc<Namespace>,
    pub(crate) text: Arc<str>,
}

impl Key {
    pub(crate) fn new(namespace: &Arc<Namespace>, text: &str) -> Self {
        Self { id: namespace.id, namespace: namespace.clone(), text: text.into() }
    }

    pub(crate) fn by_ref(&self) -> KeyRef<'_> {
        KeyRef { namespace: self.id, text: &self.text }
    }

    /// What it is called in a store: no name of a namespace has a `|`.
    pub(crate) fn full(&self) -> String {
        format!("{}|{}", self.namespace.path, self.text)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.by_ref() == other.by_ref()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.by_ref().hash(state);
    }
}

/// A key that is looked for: it costs no allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyRef<'k> {
    namespace: u64,
    text: &'k str,
}

impl<'k> KeyRef<'k> {
    pub(crate) fn new(namespace: &Namespace, text: &'k str) -> Self {
        Self { namespace: namespace.id, text }
    }
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self == key.by_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_the_same_as_long_as_somebody_has_it() {
        let (namespaces, scopes) = (Namespaces::default(), Scopes::default());
        let root = namespaces.root(&scopes);
        let one = namespaces.within(&root, "catalog", &scopes).unwrap();
        let same = namespaces.within(&root, "catalog", &scopes).unwrap();
        assert_eq!(Key::new(&one, "k"), Key::new(&same, "k"));
        assert_ne!(Key::new(&one, "k"), Key::new(&root, "k"));
    }

    #[test]
    fn a_namespace_is_in_every_namespace_around_it() {
        let (namespaces, scopes) = (Namespaces::default(), Scopes::default());
        let outer = namespaces.within(&namespaces.root(&scopes), "a", &scopes).unwrap();
        let inner = namespaces.within(&outer, "b", &scopes).unwrap();
        let names: Vec<_> = inner.scopes().iter().map(|scope| scope.name()).collect();
        assert_eq!(names, ["all", "ns:a", "ns:a/b"]);
        assert_eq!(Key::new(&inner, "c|d").full(), "a/b|c|d");
    }

    #[test]
    fn names_that_could_be_taken_for_a_path_are_refused() {
        let (namespaces, scopes) = (Namespaces::default(), Scopes::default());
        let root = namespaces.root(&scopes);
        for name in ["", "a/b", "a|b", "a b", "ä", &"x".repeat(101)] {
            assert!(namespaces.within(&root, name, &scopes).is_err(), "{name:?}");
        }
    }
}
