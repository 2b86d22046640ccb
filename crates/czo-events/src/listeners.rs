//! Who listens to one type of event.

use std::sync::{Arc, PoisonError};

use crate::sync::{AtomicBool, Mutex, Ordering, Snapshot};

/// Those who listen, in the order they came. Reading takes no lock, unless somebody came or went
/// since the last time.
pub(crate) struct Listeners<H: ?Sized> {
    all: Mutex<Vec<Arc<Listener<H>>>>,
    /// A copy of `all`; nothing when that has changed. Written under the lock of `all`.
    snapshot: Snapshot<Vec<Arc<Listener<H>>>>,
}

/// One who listens.
pub(crate) struct Listener<H: ?Sized> {
    listening: AtomicBool,
    once: bool,
    pub(crate) handler: Box<H>,
}

impl<H: ?Sized> Default for Listeners<H> {
    fn default() -> Self {
        Self { all: Mutex::new(Vec::new()), snapshot: Snapshot::default() }
    }
}

impl<H: ?Sized> Listeners<H> {
    /// Adds one, who is called once at most if `once`.
    pub(crate) fn add(&self, handler: Box<H>, once: bool) -> Arc<Listener<H>> {
        let listener = Arc::new(Listener { listening: AtomicBool::new(true), once, handler });
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(listener.clone());
        self.snapshot.set(None);
        listener
    }

    /// Takes one out: once this returns, no call of it begins.
    pub(crate) fn remove(&self, leaver: &Arc<Listener<H>>) {
        leaver.listening.store(false, Ordering::SeqCst);
        self.forget();
    }

    /// Takes out all of them.
    pub(crate) fn clear(&self) {
        for listener in &*self.current() {
            listener.listening.store(false, Ordering::SeqCst);
        }
        self.forget();
    }

    /// Takes out those who listen no more.
    pub(crate) fn forget(&self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut *all)
            .into_iter()
            .partition(|listener| listener.listening.load(Ordering::SeqCst));
        *all = kept;
        self.snapshot.set(None);
        // A handler may own anything, whose end may come back here: not under the lock.
        drop(all);
        drop(gone);
    }

    /// Those who listen now.
    pub(crate) fn current(&self) -> Arc<Vec<Arc<Listener<H>>>> {
        if let Some(current) = self.snapshot.get() {
            return current;
        }
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let current = Arc::new(all.clone());
        self.snapshot.set(Some(current.clone()));
        current
    }
}

impl<H: ?Sized> Listener<H> {
    /// Whether it is to be called now. Who listens once is told so once.
    pub(crate) fn is_called(&self) -> bool {
        if self.once {
            self.listening.swap(false, Ordering::SeqCst)
        } else {
            self.listening.load(Ordering::SeqCst)
        }
    }

    pub(crate) fn is_once(&self) -> bool {
        self.once
    }
}
