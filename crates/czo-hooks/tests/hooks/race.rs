//! Reading and replacing under every schedule that shuttle tries.
//!
//! What is compiled here is the file of the crate, with shuttle's parts in place of its own.

use shuttle::sync::Arc;
use shuttle::{check_random, thread};

use self::published::{Published, Update};

#[path = "../../src/published.rs"]
mod published;

/// What `published` is made of, here and in the crate.
pub(crate) mod sync {
    use std::sync::{Arc, PoisonError};

    pub(crate) use shuttle::sync::Mutex;
    pub(crate) use shuttle::sync::atomic::AtomicBool;

    /// As the one of the crate `arc_swap`: a load or a swap is one step.
    pub(crate) struct ArcSwap<T>(shuttle::sync::RwLock<Arc<T>>);

    impl<T> ArcSwap<T> {
        pub(crate) fn from_pointee(value: T) -> Self {
            Self(shuttle::sync::RwLock::new(Arc::new(value)))
        }

        pub(crate) fn load_full(&self) -> Arc<T> {
            self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
        }

        pub(crate) fn swap(&self, value: Arc<T>) -> Arc<T> {
            let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut current, value)
        }
    }
}
