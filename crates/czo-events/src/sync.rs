//! What threads share. The race tests put `shuttle`'s twins in its place.

use std::sync::Arc;
pub(crate) use std::sync::Mutex;
pub(crate) use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;

/// A value that is read without a lock, and replaced as a whole.
pub(crate) struct Snapshot<T>(ArcSwapOption<T>);

impl<T> Default for Snapshot<T> {
    fn default() -> Self {
        Self(ArcSwapOption::empty())
    }
}

impl<T> Snapshot<T> {
    pub(crate) fn get(&self) -> Option<Arc<T>> {
        self.0.load_full()
    }

    pub(crate) fn set(&self, value: Option<Arc<T>>) {
        self.0.store(value);
    }
}
