//! What `published` is made of under shuttle, which tries many schedules of it.

use std::sync::{Arc, PoisonError};

use shuttle::sync::RwLock;
pub(crate) use shuttle::sync::{Mutex, atomic::AtomicBool};

/// As the one of the crate `arc_swap`: a load or a swap is one step.
pub(crate) struct ArcSwap<T>(RwLock<Arc<T>>);

impl<T> ArcSwap<T> {
    pub(crate) fn from_pointee(value: T) -> Self {
        Self(RwLock::new(Arc::new(value)))
    }

    pub(crate) fn load_full(&self) -> Arc<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn swap(&self, value: Arc<T>) -> Arc<T> {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut current, value)
    }
}
