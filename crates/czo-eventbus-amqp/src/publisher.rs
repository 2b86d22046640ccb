//! What is published, until the broker has confirmed it.

mod in_flight;
mod returns;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lapin::Channel;
use lapin::options::ConfirmSelectOptions;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use self::in_flight::{Answer, InFlight};
use self::returns::{Place, Returns};
use crate::backoff::Backoff;
use crate::declare::declare;
use crate::link::{Link, LinkStatus, in_words};
use crate::message::Message;
use crate::{AmqpOptions, Topology};

/// How many messages may be with the broker and not confirmed.
const WINDOW: usize = 4_096;

/// How many more may wait for that.
const WAITING: usize = 1_024;

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
}

#[derive(Debug, Default)]
struct Unconfirmed {
    count: AtomicUsize,
    none_left: Notify,
}

/// A message on its way.
#[derive(Debug)]
struct Outgoing {
    place: Place,
    message: Message,
    told: oneshot::Sender<Answer>,
    _counted: Counted,
}

#[derive(Debug)]
struct Counted(Arc<Unconfirmed>);

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// Every queue it was for has it.
    Routed,
    /// No queue is there for it.
    Unroutable,
}

/// The message may or may not be with the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotConfirmed(pub(crate) String);

/// Tells when the broker has confirmed a message.
#[derive(Debug)]
pub(crate) struct Pending {
    answer: oneshot::Receiver<Answer>,
    until: Instant,
    patience: Patience,
}

/// How long a publisher waits, and what it says then.
#[derive(Clone, Debug)]
struct Patience {
    link: Link,
    timeout: Duration,
}

impl Publisher {
    /// Publishes over `link` from now on, in the tokio runtime of the caller.
    pub(crate) fn start(options: &AmqpOptions, link: &Link) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let topology = Topology::exchanges(&options.names);
        let line = Line { link: link.clone(), topology, receiver, again: VecDeque::new() };
        tokio::spawn(line.work_off());
        let patience = Patience { link: link.clone(), timeout: options.confirm_timeout };
        Self { sender, patience, unconfirmed: Arc::default() }
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
        let place = Place::of(exchange, key, &message);
        let _counted = Counted::new(&self.unconfirmed);
        let outgoing = Outgoing { place, message, told, _counted };
        match tokio::time::timeout_at(until, self.sender.send(outgoing)).await {
            Ok(Ok(())) => Ok(Pending { answer, until, patience: self.patience.clone() }),
            Ok(Err(_)) => Err(NotConfirmed("the connection is closed".to_owned())),
            Err(_) => Err(self.patience.ended()),
        }
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

impl Patience {
    /// Why nothing was heard.
    fn ended(&self) -> NotConfirmed {
        let seconds = self.timeout.as_secs_f64();
        NotConfirmed(match self.link.status() {
            LinkStatus::Blocked(reason) => format!("RabbitMQ takes no messages for now: {reason}"),
            LinkStatus::Lost(reason) => format!("no connection to RabbitMQ: {reason}"),
            LinkStatus::Closed => "the connection is closed".to_owned(),
            LinkStatus::Connected => format!("RabbitMQ did not confirm within {seconds} seconds"),
        })
    }
}

impl Pending {
    /// What the broker says.
    pub(crate) async fn confirmed(self) -> Result<Published, NotConfirmed> {
        match tokio::time::timeout_at(self.until, self.answer).await {
            Ok(Ok(Answer::Confirmed { is_routed: true })) => Ok(Published::Routed),
            Ok(Ok(Answer::Confirmed { is_routed: false })) => Ok(Published::Unroutable),
            Ok(Ok(Answer::Refused)) => {
                let reason = "a queue did not take it: it is full, or out of order";
                Err(NotConfirmed(reason.to_owned()))
            }
            Ok(Err(_)) => Err(NotConfirmed("the connection is closed".to_owned())),
            Err(_) => Err(self.patience.ended()),
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
}

/// Why a channel is no longer used.
enum End {
    Lost(String),
    /// Nobody publishes any more.
    Done,
}

impl Line {
    /// Publishes until nobody does any more, or the link is closed.
    async fn work_off(mut self) {
        let mut backoff = Backoff::default();
        while let Some(connection) = self.link.connection().await {
            let channel = match open(&connection, &self.topology).await {
                Ok(channel) => channel,
                Err(error) => {
                    tracing::warn!(
                        error = in_words(&error),
                        "RabbitMQ gives no channel to publish"
                    );
                    backoff.wait().await;
                    continue;
                }
            };
            match self.publish_over(channel).await {
                End::Done => return,
                End::Lost(reason) => {
                    let again = self.again.len();
                    tracing::debug!(reason, again, "the channel to publish was lost");
                }
            }
            backoff.reset();
        }
    }

    async fn publish_over(&mut self, channel: Channel) -> End {
        let mut in_flight = InFlight::default();
        let mut unconfirmed: BTreeMap<u64, Outgoing> = BTreeMap::new();
        let mut returns = Returns::default();
        let (mut last, mut lost, mut done) = (0, None, false);
        while lost.is_none() {
            let has_room = unconfirmed.len() < WINDOW;
            let again = if has_room { self.again.pop_front() } else { None };
            let next = match again {
                Some(outgoing) => Some(outgoing),
                None => tokio::select! {
                    next = self.receiver.recv(), if has_room && !done => {
                        done = next.is_none();
                        next
                    }
                    () = in_flight.changed(), if !unconfirmed.is_empty() => None,
                    else => return End::Done,
                },
            };
            // Who asked may have given up meanwhile.
            if let Some(outgoing) = next.filter(|outgoing| !outgoing.told.is_closed()) {
                last += 1;
                in_flight.publish(last, &channel, &outgoing.place, &outgoing.message);
                unconfirmed.insert(last, outgoing);
            }
            lost = settle(&mut in_flight, &mut returns, &mut unconfirmed);
        }
        // What was confirmed before the end need not be published again.
        let rest = async {
            while !in_flight.is_empty() {
                in_flight.changed().await;
                let _ = settle(&mut in_flight, &mut returns, &mut unconfirmed);
            }
        };
        let _ = tokio::time::timeout(FAREWELL, rest).await;
        for (_, outgoing) in unconfirmed.into_iter().rev() {
            self.again.push_front(outgoing);
        }
        End::Lost(lost.unwrap_or_default())
    }
}

/// Tells who asked what the broker has said by now; says why the channel is lost, if it is.
fn settle(
    in_flight: &mut InFlight,
    returns: &mut Returns,
    unconfirmed: &mut BTreeMap<u64, Outgoing>,
) -> Option<String> {
    let mut lost = None;
    let mut answers = Vec::new();
    for (number, said) in in_flight.ready() {
        match said {
            Ok(confirmation) => answers.push((number, returns.note(confirmation))),
            Err(error) => lost = Some(in_words(&error)),
        }
    }
    for (number, is_taken) in answers {
        let Some(outgoing) = unconfirmed.remove(&number) else { continue };
        let is_routed = !returns.take(&outgoing.place);
        let answer = if is_taken { Answer::Confirmed { is_routed } } else { Answer::Refused };
        // Who asked may have given up.
        let _ = outgoing.told.send(answer);
    }
    lost
}

async fn open(connection: &lapin::Connection, topology: &Topology) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    declare(&channel, topology).await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}
