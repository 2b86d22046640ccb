//! What is published, until the broker has confirmed it.

mod in_flight;
mod pending;
mod returns;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Confirmation, Connection};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use self::in_flight::{Addressed, Answer, InFlight};
pub(crate) use self::pending::{NotConfirmed, Pending, Published};
use self::pending::{Patience, closed};
use self::returns::{Place, Returns};
use crate::backoff::Backoff;
use crate::declare::declare;
use crate::link::{Link, in_words, is_long_lost};
use crate::message::Message;
use crate::{AmqpOptions, Topology};

/// How many messages may be with the broker and not confirmed.
const WINDOW: usize = 4_096;

/// From how many bytes on no more are sent until some are confirmed.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// How many more may wait for that.
const WAITING: usize = 1_024;

const NOT_TAKEN: &str = "a queue did not take it: it is full, or out of order";

/// How long what is under way may take to learn that its channel is gone.
const FAREWELL: Duration = Duration::from_secs(1);

/// Publishes messages over one channel, pipelined, and tells who asked when the broker has confirmed
/// each. What is not confirmed when the channel is lost is published again on the next one, in
/// order, with the same message id, unless who asked has given up.
///
/// Messages are published in the order in which [`send`](Self::send) took them.
#[derive(Debug)]
pub(crate) struct Publisher {
    sender: mpsc::Sender<Outgoing>,
    patience: Patience,
    /// How many messages wait for their confirmation.
    unconfirmed: Arc<Unconfirmed>,
    /// Why nothing can be published over a connection that is there.
    trouble: Arc<Mutex<Option<String>>>,
}

#[derive(Debug, Default)]
struct Unconfirmed {
    count: AtomicUsize,
    none_left: Notify,
}

/// A message on its way.
#[derive(Debug)]
struct Outgoing {
    addressed: Arc<Addressed>,
    told: oneshot::Sender<Answer>,
    _counted: Counted,
}

#[derive(Debug)]
struct Counted(Arc<Unconfirmed>);

impl Publisher {
    /// Publishes over `link` from now on, in the tokio runtime of the caller.
    pub(crate) fn start(options: &AmqpOptions, link: &Link) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let topology = Topology::exchanges(&options.names);
        let trouble = Arc::default();
        let line = Line {
            link: link.clone(),
            topology,
            receiver,
            again: VecDeque::new(),
            is_wary: false,
            trouble: Arc::clone(&trouble),
        };
        tokio::spawn(line.work_off());
        let patience = Patience { link: link.clone(), timeout: options.confirm_timeout };
        Self { sender, patience, unconfirmed: Arc::default(), trouble }
    }

    /// Publishes a message, and waits for the broker's word.
    pub(crate) async fn publish(
        &self,
        exchange: &str,
        key: &str,
        message: Message,
    ) -> Result<Published, NotConfirmed> {
        self.send(exchange, key, message).await?.confirmed().await
    }

    /// Hands a message over. Messages handed over one after the other are published in that order.
    pub(crate) async fn send(
        &self,
        exchange: &str,
        key: &str,
        message: Message,
    ) -> Result<Pending, NotConfirmed> {
        let until = Instant::now() + self.patience.timeout;
        let (told, answer) = oneshot::channel();
        let addressed = Arc::new(Addressed { place: Place::of(exchange, key, &message), message });
        let _counted = Counted::new(&self.unconfirmed);
        let outgoing = Outgoing { addressed, told, _counted };
        let place = match self.sender.try_reserve() {
            Err(TrySendError::Full(())) => {
                tokio::time::timeout_at(until, self.sender.reserve()).await
            }
            Err(TrySendError::Closed(())) => return Err(closed()),
            Ok(place) => Ok(Ok(place)),
        };
        match place {
            Ok(Ok(place)) => place.send(outgoing),
            Ok(Err(_)) => return Err(closed()),
            Err(_) => return Err(self.patience.ended()),
        }
        Ok(Pending { answer, until, patience: self.patience.clone() })
    }

    /// Why nothing can be published over a connection that is there.
    pub(crate) fn trouble(&self) -> Option<String> {
        lock(&self.trouble).clone()
    }

    /// How many messages wait for their confirmation.
    pub(crate) fn unconfirmed(&self) -> usize {
        self.unconfirmed.count.load(Ordering::Acquire)
    }

    /// Returns once no message waits for its confirmation.
    pub(crate) async fn is_idle(&self) {
        loop {
            let none_left = self.unconfirmed.none_left.notified();
            if self.unconfirmed() == 0 {
                return;
            }
            none_left.await;
        }
    }
}

impl Counted {
    fn new(unconfirmed: &Arc<Unconfirmed>) -> Self {
        unconfirmed.count.fetch_add(1, Ordering::AcqRel);
        Self(unconfirmed.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none_left.notify_waiters();
        }
    }
}

/// The task that publishes.
struct Line {
    link: Link,
    topology: Topology,
    receiver: mpsc::Receiver<Outgoing>,
    /// What was under way when the channel was lost, oldest first.
    again: VecDeque<Outgoing>,
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

impl Line {
    /// Publishes until nobody does any more, or the link is closed.
    async fn work_off(mut self) {
        let mut backoff = Backoff::default();
        while let Some(connection) = self.connection().await {
            let opened = tokio::select! {
                opened = open(&connection, &self.topology) => opened,
                () = is_long_lost(&connection) => continue,
            };
            let channel = match opened {
                Ok(channel) => channel,
                Err(error) => {
                    let reason = in_words(&error);
                    tracing::warn!(reason, "RabbitMQ gives no channel to publish");
                    *lock(&self.trouble) = Some(reason);
                    backoff.wait().await;
                    continue;
                }
            };
            *lock(&self.trouble) = None;
            let mut book = Book::default();
            let End::Lost(loss) = self.publish_over(channel, &mut book).await else { return };
            tracing::debug!(
                reason = loss.reason,
                unconfirmed = book.unconfirmed.len(),
                "the channel to publish was lost"
            );
            if book.answered > 0 {
                backoff.reset();
            }
            self.take_back(book, &loss);
            if self.is_wary {
                backoff.wait().await;
            }
        }
    }

    /// The connection; nothing once it is closed, or nobody publishes any more.
    async fn connection(&mut self) -> Option<Arc<Connection>> {
        loop {
            tokio::select! {
                connection = self.link.connection() => return connection,
                next = self.receiver.recv(), if self.again.len() < WINDOW => match next {
                    Some(outgoing) => self.again.push_back(outgoing),
                    // Whoever waited for the rest has gone with the publisher.
                    None => return None,
                },
            }
        }
    }

    /// Lets what was not answered be published again, except what the broker does not take.
    fn take_back(&mut self, book: Book, loss: &Loss) {
        let alone = book.unconfirmed.len() == 1;
        self.is_wary = loss.is_refusal || (self.is_wary && book.answered == 0);
        for (_, outgoing) in book.unconfirmed.into_iter().rev() {
            if alone && loss.is_refusal {
                let _ = outgoing.told.send(Answer::Refused(loss.reason.clone()));
            } else {
                self.again.push_front(outgoing);
            }
        }
    }

    async fn publish_over(&mut self, channel: Channel, book: &mut Book) -> End {
        let mut in_flight = InFlight::new();
        let (mut last, mut done) = (0, false);
        let mut next = Vec::new();
        let lost = loop {
            let room = book.room(self.is_wary);
            next.extend(self.again.drain(..room.min(self.again.len())));
            if next.is_empty() {
                tokio::select! {
                    taken = self.receiver.recv_many(&mut next, room), if room > 0 && !done => {
                        done = taken == 0;
                    }
                    () = in_flight.changed(), if !in_flight.is_empty() => {}
                    else => return End::Done,
                }
            }
            // Who asked may have given up meanwhile.
            for outgoing in next.drain(..).filter(|outgoing| !outgoing.told.is_closed()) {
                last += 1;
                in_flight.push(in_flight::publish(&channel, last, outgoing.addressed.clone()));
                book.enter(last, outgoing);
            }
            if let Some(lost) = book.settle(in_flight.ready()) {
                break lost;
            }
            // What ended the channel before is answered now, or nothing was wrong with it.
            self.is_wary &= book.answered == 0;
        };
        // What was confirmed before the end need not be published again.
        let rest = async {
            while !in_flight.is_empty() {
                in_flight.changed().await;
                let _ = book.settle(in_flight.ready());
            }
        };
        let _ = tokio::time::timeout(FAREWELL, rest).await;
        End::Lost(lost)
    }
}

/// What is under way over one channel, by the order in which it was published.
#[derive(Debug, Default)]
struct Book {
    unconfirmed: BTreeMap<u64, Outgoing>,
    returns: Returns,
    /// Those that the broker has, of which it may still say that they came back.
    unclear: Vec<u64>,
    bytes: usize,
    /// How many were answered.
    answered: usize,
}

impl Book {
    /// How many more may be published now.
    fn room(&self, is_wary: bool) -> usize {
        let most = if is_wary { 1 } else { WINDOW };
        if self.bytes < MOST_BYTES { most.saturating_sub(self.unconfirmed.len()) } else { 0 }
    }

    fn enter(&mut self, number: u64, outgoing: Outgoing) {
        self.bytes += outgoing.addressed.message.body.len();
        self.unconfirmed.insert(number, outgoing);
    }

    /// Tells who asked what the broker has said by now; says how the channel is lost, if it is.
    fn settle(&mut self, said: Vec<(u64, lapin::Result<Confirmation>)>) -> Option<Loss> {
        let mut lost = None;
        let mut confirmed = Vec::with_capacity(said.len());
        for (number, said) in said {
            let Ok(said) = said.map_err(|error| lost = Some(Loss::of(&error))) else { continue };
            let is_taken = !said.is_nack();
            let returned = said.take_message();
            if let Some(returned) = &returned {
                self.returns.add(returned);
            }
            confirmed.push((number, is_taken, returned.is_some()));
        }
        for (number, is_taken, brought_one) in confirmed {
            let came_back = self.came_back(number);
            if !is_taken {
                self.tell(number, Answer::Refused(NOT_TAKEN.to_owned()));
            } else if brought_one && !came_back {
                self.unclear.push(number);
            } else {
                self.tell(number, Answer::Confirmed { is_routed: !came_back });
            }
        }
        for number in std::mem::take(&mut self.unclear) {
            let came_back = self.came_back(number);
            if came_back || self.returns.is_empty() {
                self.tell(number, Answer::Confirmed { is_routed: !came_back });
            } else {
                self.unclear.push(number);
            }
        }
        lost
    }

    fn came_back(&mut self, number: u64) -> bool {
        let outgoing = self.unconfirmed.get(&number);
        outgoing.is_some_and(|outgoing| self.returns.take(&outgoing.addressed.place))
    }

    fn tell(&mut self, number: u64, answer: Answer) {
        if let Some(outgoing) = self.unconfirmed.remove(&number) {
            self.bytes -= outgoing.addressed.message.body.len();
            self.answered += 1;
            // Who asked may have given up.
            let _ = outgoing.told.send(answer);
        }
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

async fn open(connection: &lapin::Connection, topology: &Topology) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    declare(&channel, topology).await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
