//! The hooks of one point, in order.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::action::Owned;
use crate::measure::Durations;
use crate::order::{Rank, order};
use crate::published::{Published, Update};
use crate::{After, Before, HookInfo, HookPoint, OnError, OnFailure, Phase, RegisterError};

/// One point: its hooks as they are now.
pub(crate) struct Point<P: HookPoint> {
    pub(crate) chain: Published<Chain<P>>,
}

/// The hooks of one point, in the order in which they run.
pub(crate) struct Chain<P: HookPoint> {
    pub(crate) before: Entries<P, Before>,
    pub(crate) after: Entries<P, After>,
    pub(crate) on_error: Entries<P, OnError>,
}

pub(crate) type Entries<P, K> = Vec<Arc<Entry<P, K>>>;

/// A hook.
pub(crate) struct Entry<P: HookPoint, K: Phase<P>> {
    pub(crate) options: Options,
    /// Takes what the hook is about to change, if the hook is fail-open.
    pub(crate) save: Option<Save<K::Value>>,
    pub(crate) action: Owned<P, K>,
    pub(crate) durations: Durations,
}

/// Copies a value.
pub(crate) type Save<T> = fn(&T) -> T;

/// What was said about a hook when it was registered.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) name: Arc<str>,
    pub(crate) priority: i32,
    pub(crate) runs_before: Vec<String>,
    pub(crate) runs_after: Vec<String>,
    pub(crate) timeout: Duration,
}

impl<P: HookPoint, K: Phase<P>> Entry<P, K> {
    fn info(&self) -> HookInfo {
        let on_failure = if self.save.is_some() { OnFailure::Open } else { OnFailure::Closed };
        HookInfo::new(K::PHASE, &self.options, on_failure)
    }
}

impl<P: HookPoint> Point<P> {
    pub(crate) fn new() -> Self {
        Self { chain: Published::vacant(Chain::empty()) }
    }

    /// Puts `entry` where it belongs.
    pub(crate) fn add<K: Phase<P>>(&self, entry: &Arc<Entry<P, K>>) -> Result<(), RegisterError> {
        self.chain.update(|chain| {
            let mut chain = chain.clone();
            let entries = K::of(&mut chain);
            if entries.iter().any(|known| known.options.name == entry.options.name) {
                let name = entry.options.name.to_string();
                return Err(RegisterError::Duplicate { point: P::NAME, phase: K::PHASE, name });
            }
            // The new one goes first: a circle is then told from it on.
            entries.insert(0, entry.clone());
            sort(entries).map_err(|cycle| RegisterError::Cycle {
                point: P::NAME,
                phase: K::PHASE,
                cycle,
            })?;
            Ok(chain.into_update())
        })
    }

    /// Takes `entry` out, if it is there.
    pub(crate) fn remove<K: Phase<P>>(&self, entry: &Weak<Entry<P, K>>) {
        let removed = self.chain.update(|chain| {
            let mut chain = chain.clone();
            let entries = K::of(&mut chain);
            entries.retain(|known| !std::ptr::eq(Arc::as_ptr(known), entry.as_ptr()));
            sort(entries).map(|()| chain.into_update())
        });
        removed.expect("hooks without a circle have none when one of them is gone");
    }
}

/// Puts the hooks of one phase into order, or names a circle among them.
fn sort<P: HookPoint, K: Phase<P>>(entries: &mut Entries<P, K>) -> Result<(), Vec<String>> {
    let ranks: Vec<_> = entries.iter().map(|entry| Rank::of(&entry.options)).collect();
    *entries = order(&ranks)?.into_iter().map(|at| entries[at].clone()).collect();
    Ok(())
}

impl<P: HookPoint> Chain<P> {
    fn empty() -> Self {
        Self { before: Vec::new(), after: Vec::new(), on_error: Vec::new() }
    }

    fn into_update(self) -> Update<Self> {
        let occupied =
            !(self.before.is_empty() && self.after.is_empty() && self.on_error.is_empty());
        Update { value: self, occupied }
    }

    /// What was said about each hook, in order.
    pub(crate) fn list(&self) -> impl Iterator<Item = HookInfo> {
        let before = self.before.iter().map(|entry| entry.info());
        let after = self.after.iter().map(|entry| entry.info());
        before.chain(after).chain(self.on_error.iter().map(|entry| entry.info()))
    }
}

impl<P: HookPoint> Clone for Chain<P> {
    fn clone(&self) -> Self {
        Self {
            before: self.before.clone(),
            after: self.after.clone(),
            on_error: self.on_error.clone(),
        }
    }
}

impl<P: HookPoint> fmt::Debug for Point<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = self.chain.current();
        let hooks = chain.list().map(|hook| (hook.phase.as_str(), hook.name));
        f.debug_struct(P::NAME).field("hooks", &hooks.collect::<Vec<_>>()).finish()
    }
}
