//! What the broker gave out, and waits to hear of.

use std::sync::Arc;
use std::time::Duration;

use czo_core::DomainEvent;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::{Acker, BasicProperties};

use crate::message::{self, History, Message};

/// How long the client may take to say a word to the broker. It is a matter of microseconds, and
/// one that lost its connection must not hold up a handler for ever.
const PATIENCE: Duration = Duration::from_secs(2);

/// A message that the broker gave out: it has it too, until it is acknowledged.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(super) body: Vec<u8>,
    pub(super) properties: BasicProperties,
    pub(super) history: History,
    /// Whether somebody had it before, and the broker did not hear what became of it.
    pub(super) is_redelivered: bool,
    acker: Acker,
}

/// An event at hand.
#[derive(Debug)]
pub(crate) struct Item {
    pub(super) event: Arc<DomainEvent>,
    pub(super) parcel: Parcel,
    /// The ordering key whose turn it has.
    pub(super) key: Option<Arc<str>>,
}

impl From<Delivery> for Parcel {
    fn from(delivery: Delivery) -> Self {
        let history = message::history(&delivery.properties);
        let Delivery { redelivered, properties, data, acker, .. } = delivery;
        Self { body: data, properties, history, is_redelivered: redelivered, acker }
    }
}

impl Parcel {
    /// Tells the broker that it is done. Where the connection is lost, the broker gives it out
    /// again.
    pub(super) async fn done(&self) {
        let acknowledging = self.acker.ack(BasicAckOptions::default());
        match tokio::time::timeout(PATIENCE, acknowledging).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => tracing::debug!("a message is done, and its channel is gone"),
            Ok(Err(error)) => {
                tracing::debug!(%error, "the broker did not hear that a message is done")
            }
            Err(_) => tracing::debug!("the client did not tell the broker that a message is done"),
        }
    }

    /// Gives it back to the broker.
    pub(super) async fn give_back(&self) {
        let options = BasicNackOptions { requeue: true, multiple: false };
        // Where the connection is lost the broker has it back already.
        let _ = tokio::time::timeout(PATIENCE, self.acker.nack(options)).await;
    }

    /// Whether the broker still waits for our word; otherwise it gives it out again, or has.
    pub(super) fn is_ours(&self) -> bool {
        self.acker.usable()
    }

    /// The message, to be published elsewhere.
    pub(super) fn message(&self) -> Message {
        Message::again(self.body.as_slice().into(), &self.properties).with_history(&self.history)
    }
}
