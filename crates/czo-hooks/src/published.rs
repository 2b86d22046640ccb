//! A value that many read and few replace.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use crate::sync::{ArcSwap, AtomicBool, Mutex};

/// A value that many read and few replace.
///
/// Reading takes no lock, and where there is nothing to read it is one load. Whoever reads after
/// [`update`](Self::update) has returned sees what it made; what was read before stays as it was.
/// Updates take turns, so none is lost.
pub(crate) struct Published<T> {
    /// Whether there is anything to read. Written with `current`, under `updating`.
    occupied: AtomicBool,
    current: ArcSwap<T>,
    updating: Mutex<()>,
}

/// What an update makes of the value.
pub(crate) struct Update<T> {
    pub(crate) value: T,
    /// Whether there is anything to read in it.
    pub(crate) occupied: bool,
}

impl<T> Published<T> {
    /// Nothing to read: `value` is what the first update starts from.
    pub(crate) fn vacant(value: T) -> Self {
        Self {
            occupied: AtomicBool::new(false),
            current: ArcSwap::from_pointee(value),
            updating: Mutex::new(()),
        }
    }

    /// The value, if there is anything to read in it.
    #[inline]
    pub(crate) fn read(&self) -> Option<Arc<T>> {
        // Acquire: who sees the flag sees the value that was there before it was raised.
        self.occupied.load(Ordering::Acquire).then(|| self.current.load_full())
    }

    /// The value, whatever is in it.
    pub(crate) fn current(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Whether there is anything to read.
    #[inline]
    pub(crate) fn is_occupied(&self) -> bool {
        self.occupied.load(Ordering::Acquire)
    }

    /// Replaces the value by what `change` makes of it, or leaves it as it is when that fails.
    pub(crate) fn update<E>(
        &self,
        change: impl FnOnce(&T) -> Result<Update<T>, E>,
    ) -> Result<(), E> {
        let turn = self.updating.lock().unwrap_or_else(PoisonError::into_inner);
        let Update { value, occupied } = change(&self.current.load_full())?;
        let before = self.current.swap(Arc::new(value));
        self.occupied.store(occupied, Ordering::Release);
        // The value owns what others wrote, whose `drop` may come back here.
        drop(turn);
        drop(before);
        Ok(())
    }
}
