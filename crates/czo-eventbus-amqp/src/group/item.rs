//! What the broker gave out, and waits to hear of.

use std::sync::Arc;

use czo_core::DomainEvent;
use lapin::BasicProperties;
use lapin::message::Delivery;

use super::receipts::{Receipt, Receipts};
use crate::message::{self, History, Message};

/// A message that the broker gave out: it has it too, until it is told what became of it.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(super) body: Vec<u8>,
    pub(super) properties: BasicProperties,
    pub(super) history: History,
    /// Whether somebody had it before, and the broker did not hear what became of it.
    pub(super) is_redelivered: bool,
    pub(super) receipt: Receipt,
}

/// An event at hand.
#[derive(Debug)]
pub(crate) struct Item {
    pub(super) event: Arc<DomainEvent>,
    pub(super) parcel: Parcel,
    /// The ordering key whose turn it has.
    pub(super) key: Option<Arc<str>>,
}

impl Parcel {
    pub(super) fn of(delivery: Delivery, receipts: &Receipts) -> Self {
        let history = message::history(&delivery.properties);
        let receipt = receipts.take(&delivery);
        let Delivery { redelivered, properties, data, .. } = delivery;
        Self { body: data, properties, history, is_redelivered: redelivered, receipt }
    }

    /// The message, to be published elsewhere.
    pub(super) fn message(&self) -> Message {
        Message::again(self.body.clone(), &self.properties).with_history(&self.history)
    }
}
