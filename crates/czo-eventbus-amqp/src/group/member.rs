//! One subscription, as its group sees it.

use std::sync::atomic::{AtomicBool, Ordering};

use czo_core::{EventType, SubscribeOptions, TopicPattern};
use tokio::sync::Notify;

/// One subscription, as its group sees it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(super) pattern: TopicPattern,
    pub(super) options: SubscribeOptions,
    stopped: AtomicBool,
    wake: Notify,
}

impl Member {
    pub(super) fn new(pattern: TopicPattern, options: SubscribeOptions) -> Self {
        Self { pattern, options, stopped: AtomicBool::new(false), wake: Notify::new() }
    }

    pub(super) fn wants(&self, event_type: &EventType) -> bool {
        self.pattern.matches(event_type)
    }

    /// Makes it look at the desk.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Returns once it was woken after it last looked.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Lets running handlers finish and takes no more.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}
