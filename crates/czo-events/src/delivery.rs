//! An event on its way to one handler.

use std::sync::Arc;

use czo_core::{DomainEvent, Failure};

use crate::receipt::Receipt;
use crate::unhandled::Unhandled;

/// An event on its way to one handler. It counts as unhandled until it is dropped, and as lost if
/// it is not [settled](Self::settle) by then.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// Its place in the order of publishing.
    pub(crate) number: u64,
    pub(crate) event: Arc<DomainEvent>,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// The first attempt that failed.
    pub(crate) first_failure: Option<Failure>,
    /// The ordering key whose turn it has.
    pub(crate) key: Option<Arc<str>>,
    unhandled: Arc<Unhandled>,
    /// Whom to tell, if a relay handed it over.
    receipt: Option<Arc<Receipt>>,
}

impl Delivery {
    pub(crate) fn new(
        number: u64,
        event: Arc<DomainEvent>,
        receipt: Option<Arc<Receipt>>,
        unhandled: Arc<Unhandled>,
    ) -> Self {
        unhandled.add();
        Self { number, event, attempts: 0, first_failure: None, key: None, unhandled, receipt }
    }

    /// A handler is done with it, or nobody is left who wants it. Not to be called under the lock
    /// of a queue: it may wake a relay.
    pub(crate) fn settle(&mut self) {
        self.receipt = None;
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(receipt) = self.receipt.take() {
            receipt.lose();
        }
        // Last: who waits for the end finds every receipt answered.
        self.unhandled.remove();
    }
}
