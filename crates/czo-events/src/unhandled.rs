//! How many events were taken and not yet handled.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts the deliveries that were taken and not yet handled.
#[derive(Debug, Default)]
pub(crate) struct Unhandled {
    count: AtomicUsize,
    none_left: Notify,
}

impl Unhandled {
    pub(crate) fn add(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn remove(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.none_left.notify_waiters();
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub(crate) async fn wait_for_none(&self) {
        loop {
            let none_left = self.none_left.notified();
            // Looked at after `notified`, so that a change in between is not missed.
            if self.count() == 0 {
                return;
            }
            none_left.await;
        }
    }
}
