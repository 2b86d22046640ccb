//! An event on its way to one handler.

use std::sync::Arc;

use czo_core::DomainEvent;

use crate::unhandled::Unhandled;

/// An event on its way to one handler. It counts as unhandled until it is dropped.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// Its place in the order of publishing.
    pub(crate) number: u64,
    pub(crate) event: Arc<DomainEvent>,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// The ordering key whose turn it has.
    pub(crate) key: Option<Arc<str>>,
    unhandled: Arc<Unhandled>,
}

impl Delivery {
    pub(crate) fn new(number: u64, event: Arc<DomainEvent>, unhandled: Arc<Unhandled>) -> Self {
        unhandled.add();
        Self { number, event, attempts: 0, key: None, unhandled }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.unhandled.remove();
    }
}
