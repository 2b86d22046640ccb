//! What is published, until the broker has confirmed it.

mod book;
mod in_flight;
mod line;
mod patience;
mod queue;
mod returns;
mod ticket;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use self::line::Line;
use self::patience::Patience;
pub(crate) use self::ticket::{NotConfirmed, Pending, Place, Published};
use self::ticket::{Outgoing, Ticket, Unconfirmed, closed};
use crate::link::{Link, in_words};
use crate::message::Message;
use crate::{AmqpOptions, Topology};

/// How many messages may be with the broker and not confirmed.
const WINDOW: usize = 4_096;

/// How many more may wait for that.
const WAITING: usize = 1_024;

/// Publishes messages over one channel, pipelined, and tells who asked when the broker has confirmed
/// each. What is not confirmed when the channel is lost is published again on the next one, in
/// order, with the same message id, unless who asked has given up.
///
/// Messages are published in the order in which [`send`](Self::send) took them.
#[derive(Debug)]
pub(crate) struct Publisher {
    sender: mpsc::Sender<Outgoing>,
    patience: Patience,
    unconfirmed: Arc<Unconfirmed>,
    /// Why nothing can be published over a connection that is there.
    trouble: Arc<Mutex<Option<String>>>,
}

impl Publisher {
    /// Publishes over `link` from now on, in the tokio runtime of the caller.
    pub(crate) fn start(options: &AmqpOptions, link: &Link) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let patience = Patience { link: link.clone(), timeout: options.confirm_timeout };
        let trouble = Arc::default();
        let line = Line::new(receiver, &patience, &trouble);
        tokio::spawn(line.work_off(Topology::exchanges(&options.names)));
        Self { sender, patience, unconfirmed: Arc::default(), trouble }
    }

    /// Publishes a message, and waits for the broker's word.
    pub(crate) fn publish(
        &self,
        place: Place,
        message: Message,
    ) -> impl Future<Output = Result<Published, NotConfirmed>> {
        let sending = self.send(place, message);
        async move { sending.await?.said().await }
    }

    /// Hands a message over. Messages handed over one after the other are published in that order.
    pub(crate) fn send(
        &self,
        place: Place,
        message: Message,
    ) -> impl Future<Output = Result<Pending, NotConfirmed>> {
        self.hand_over(Ticket::new(place, message, self.patience.due(), false))
    }

    /// The same, and what the broker says of it is waited for as long as it takes.
    pub(crate) fn send_patiently(
        &self,
        place: Place,
        message: Message,
    ) -> impl Future<Output = Result<Pending, NotConfirmed>> {
        self.hand_over(Ticket::new(place, message, self.patience.due(), true))
    }

    async fn hand_over(&self, ticket: Arc<Ticket>) -> Result<Pending, NotConfirmed> {
        // It counts from now on, also while it waits for room.
        let outgoing = Outgoing::new(ticket.clone(), &self.unconfirmed);
        let room = match self.sender.try_reserve() {
            Ok(room) => room,
            Err(TrySendError::Closed(())) => return Err(closed()),
            Err(TrySendError::Full(())) => {
                match tokio::time::timeout_at(ticket.due(), self.sender.reserve()).await {
                    Ok(Ok(room)) => room,
                    Ok(Err(_)) => return Err(closed()),
                    Err(_) => return Err(self.patience.ended()),
                }
            }
        };
        room.send(outgoing);
        Ok(Pending(ticket))
    }

    /// Why nothing can be published over a connection that is there.
    pub(crate) fn trouble(&self) -> Option<String> {
        lock(&self.trouble).clone()
    }

    /// How many messages wait for their confirmation.
    pub(crate) fn unconfirmed(&self) -> usize {
        self.unconfirmed.count()
    }

    /// Returns once no message waits for its confirmation.
    pub(crate) async fn is_idle(&self) {
        self.unconfirmed.are_none().await;
    }
}

/// How a channel was lost.
#[derive(Debug)]
struct Loss {
    reason: String,
    /// Whether the broker found fault with something, rather than the connection.
    is_refusal: bool,
}

impl Loss {
    fn of(error: &lapin::Error) -> Self {
        Self { reason: in_words(error), is_refusal: finds_fault(error) }
    }
}

/// Whether the broker says that what it was given is wrong, and not that it ends.
fn finds_fault(error: &lapin::Error) -> bool {
    const CONNECTION_FORCED: u16 = 320;
    const INTERNAL_ERROR: u16 = 541;
    match error.kind() {
        lapin::ErrorKind::ProtocolError(error) => {
            !matches!(error.get_id(), CONNECTION_FORCED | INTERNAL_ERROR)
        }
        _ => false,
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
