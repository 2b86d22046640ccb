//! The task that publishes.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval};

use super::book::Book;
use super::in_flight::{self, InFlight};
use super::patience::Patience;
use super::queue::Queue;
use super::ticket::{NotConfirmed, Outgoing};
use super::{Loss, WAITING, WINDOW, lock};
use crate::Topology;
use crate::backoff::Backoff;
use crate::declare::declare;
use crate::link::{in_words, is_long_lost};

/// How long what is under way may take to learn that its channel is gone.
const FAREWELL: Duration = Duration::from_secs(1);

/// The task that publishes.
pub(super) struct Line {
    patience: Patience,
    clock: Interval,
    receiver: mpsc::Receiver<Outgoing>,
    waiting: Queue,
    /// One of what was under way may have ended the channel, so they go one by one.
    is_wary: bool,
    trouble: Arc<Mutex<Option<String>>>,
}

/// Why a channel is no longer used.
enum End {
    Lost(Loss),
    /// Nobody publishes any more.
    Done,
}

impl Line {
    pub(super) fn new(
        receiver: mpsc::Receiver<Outgoing>,
        patience: &Patience,
        trouble: &Arc<Mutex<Option<String>>>,
    ) -> Self {
        Self {
            clock: patience.clock(),
            patience: patience.clone(),
            receiver,
            waiting: Queue::default(),
            is_wary: false,
            trouble: trouble.clone(),
        }
    }

    /// Publishes until nobody does any more, or the link is closed.
    pub(super) async fn work_off(mut self, topology: Topology) {
        self.publish_all(topology).await;
        // What is handed over in this very moment gets its answer, too.
        self.waiting.clear();
        self.receiver.close();
        while self.receiver.recv().await.is_some() {}
    }

    async fn publish_all(&mut self, topology: Topology) {
        let mut backoff = Backoff::default();
        let link = self.patience.link.clone();
        while let Some(Some(connection)) = self.meanwhile(link.connection()).await {
            let opening = async {
                tokio::select! {
                    opened = open(&connection, &topology) => Some(opened),
                    () = is_long_lost(&connection) => None,
                }
            };
            let channel = match self.meanwhile(opening).await {
                Some(Some(Ok(channel))) => channel,
                Some(Some(Err(error))) => {
                    let reason = in_words(&error);
                    tracing::warn!(reason, "RabbitMQ gives no channel to publish");
                    *lock(&self.trouble) = Some(reason);
                    self.meanwhile(backoff.wait()).await;
                    continue;
                }
                Some(None) => continue,
                None => return,
            };
            *lock(&self.trouble) = None;
            let mut book = Book::default();
            let End::Lost(loss) = self.publish_over(channel, &mut book).await else { return };
            tracing::debug!(
                reason = loss.reason,
                unconfirmed = book.unconfirmed(),
                "the channel to publish was lost"
            );
            if book.answered() > 0 {
                backoff.reset();
            }
            self.take_back(book, &loss);
            if self.is_wary {
                self.meanwhile(backoff.wait()).await;
            }
        }
    }

    /// Waits for something else, and takes what is to be published until then; nothing once nobody
    /// publishes any more: whoever waited for the rest has gone with the publisher.
    async fn meanwhile<T>(&mut self, something: impl Future<Output = T>) -> Option<T> {
        let mut something = pin!(something);
        loop {
            tokio::select! {
                value = &mut something => return Some(value),
                next = self.receiver.recv(), if self.waiting.impatient() < WINDOW => {
                    self.waiting.push_back(next?);
                }
                _ = self.clock.tick(), if !self.waiting.is_empty() => self.expire(),
            }
        }
    }

    /// Tells those who have waited long enough.
    fn expire(&mut self) {
        // Not what the clock says: it tells when it was to tick.
        self.waiting.expire(Instant::now(), || self.patience.ended());
    }

    /// Lets what was not answered be published again, except what the broker does not take.
    fn take_back(&mut self, book: Book, loss: &Loss) {
        let alone = book.unconfirmed() == 1;
        self.is_wary = loss.is_refusal || (self.is_wary && book.answered() == 0);
        for outgoing in book.into_unanswered().rev() {
            if alone && loss.is_refusal {
                outgoing.answer(Err(NotConfirmed(loss.reason.clone())));
            } else {
                self.waiting.push_front(outgoing);
            }
        }
    }

    async fn publish_over(&mut self, channel: Channel, book: &mut Book) -> End {
        let mut in_flight = InFlight::new();
        let (mut taken, mut is_done) = (Vec::new(), false);
        let lost = loop {
            while book.room(self.is_wary) > 0
                && let Some(outgoing) = self.waiting.pop()
            {
                let ticket = outgoing.ticket.clone();
                in_flight.push(in_flight::publish(&channel, book.enter(outgoing), ticket));
            }
            if let Some(lost) = book.settle(in_flight.ready()) {
                break lost;
            }
            // What ended the channel before is answered now, or nothing was wrong with it.
            self.is_wary &= book.answered() == 0;
            if book.room(self.is_wary) > 0 && !self.waiting.is_empty() {
                continue;
            }
            if is_done && in_flight.is_empty() && self.waiting.is_empty() {
                return End::Done;
            }
            let is_nothing_left = self.waiting.is_empty() && book.unconfirmed() == 0;
            tokio::select! {
                count = self.receiver.recv_many(&mut taken, WAITING),
                    if self.waiting.impatient() < WAITING && !is_done =>
                {
                    is_done = count == 0;
                    taken.drain(..).for_each(|outgoing| self.waiting.push_back(outgoing));
                    if book.room(self.is_wary) == 0 {
                        // They may have come late.
                        self.expire();
                    }
                }
                () = in_flight.changed(), if !in_flight.is_empty() => {}
                _ = self.clock.tick(), if !is_nothing_left => {
                    book.expire(Instant::now(), || self.patience.ended());
                    self.expire();
                }
            }
        };
        // What was confirmed before the end need not be published again.
        let mut farewell = pin!(tokio::time::sleep(FAREWELL));
        while !in_flight.is_empty() {
            tokio::select! {
                () = in_flight.changed() => {
                    let _ = book.settle(in_flight.ready());
                }
                _ = self.clock.tick() => {
                    book.expire(Instant::now(), || self.patience.ended());
                    self.expire();
                }
                () = &mut farewell => break,
            }
        }
        End::Lost(lost)
    }
}

async fn open(connection: &Connection, topology: &Topology) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    declare(&channel, topology).await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}
