//! One subscription, as its group sees it.

use std::sync::atomic::{AtomicBool, Ordering};

use czo_core::{EventType, SubscribeOptions, TopicPattern};
use tokio::sync::Notify;

/// One subscription, as its group sees it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) pattern: TopicPattern,
    pub(crate) options: SubscribeOptions,
    stopped: AtomicBool,
    wake: Notify,
}

impl Member {
    pub(crate) fn new(pattern: TopicPattern, options: SubscribeOptions) -> Self {
        Self { pattern, options, stopped: AtomicBool::new(false), wake: Notify::new() }
    }

    pub(crate) fn wants(&self, event_type: &EventType) -> bool {
        self.pattern.matches(event_type)
    }

    /// Makes it look at the queue.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Returns once it was woken after it last looked.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Lets running handlers finish and takes no more.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}
