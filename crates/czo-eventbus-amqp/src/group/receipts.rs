//! Telling the broker what became of what it gave out.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::{Acker, Channel};
use tokio::sync::{mpsc, oneshot};

/// How many words are taken at once.
const MANY: usize = 1_024;

/// How long the client may take to say a word to the broker. It is a matter of microseconds, and
/// one that lost its connection must not hold up others for ever.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tells the broker what became of what it gave out over one channel, in a task of its own: nobody
/// waits for that, and of many in a row one word tells. It ends with the last receipt.
///
/// Where the channel is lost the broker gives out again what it was not told of.
#[derive(Clone, Debug)]
pub(super) struct Receipts {
    sender: mpsc::UnboundedSender<Word>,
}

/// For one message that the broker gave out.
#[derive(Debug)]
pub(super) struct Receipt {
    tag: u64,
    /// It knows whether the channel is lost.
    acker: Acker,
    is_used: AtomicBool,
    sender: mpsc::UnboundedSender<Word>,
}

/// What became of a message, by the number that it has on its channel.
#[derive(Debug)]
enum Word {
    /// It is here.
    Taken(u64),
    Done(u64),
    GivenBack(u64),
    /// Somebody waits until the broker is told of all before.
    Asked(oneshot::Sender<()>),
}

impl Receipts {
    /// Those of this channel.
    pub(super) fn of(channel: Channel) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(Teller { channel, receiver, open: BTreeSet::new() }.work_off());
        Self { sender }
    }

    /// That of a message, which is neither done nor given back until it says so.
    pub(super) fn take(&self, delivery: &Delivery) -> Receipt {
        let tag = delivery.delivery_tag;
        let (sender, acker) = (self.sender.clone(), delivery.acker.clone());
        // The task is there as long as there is a sender.
        let _ = sender.send(Word::Taken(tag));
        Receipt { tag, acker, is_used: AtomicBool::new(false), sender }
    }

    /// Returns once the broker was told of everything so far, as far as there is a connection.
    pub(super) async fn are_told(&self) {
        let (asked, told) = oneshot::channel();
        let _ = self.sender.send(Word::Asked(asked));
        let _ = told.await;
    }
}

impl Receipt {
    /// The message is done.
    pub(super) fn done(&self) {
        self.say(Word::Done(self.tag));
    }

    /// The broker is to give it to others.
    pub(super) fn give_back(&self) {
        self.say(Word::GivenBack(self.tag));
    }

    fn say(&self, word: Word) {
        // Of a message that it knows no more, the broker wants to hear nothing.
        if !self.is_used.swap(true, Ordering::AcqRel) {
            let _ = self.sender.send(word);
        }
    }

    /// Whether the broker still waits for our word; otherwise it gives the message out again, or
    /// has.
    pub(super) fn is_open(&self) -> bool {
        !self.acker.poisoned() && !self.is_used.load(Ordering::Acquire)
    }
}

/// The task.
struct Teller {
    channel: Channel,
    receiver: mpsc::UnboundedReceiver<Word>,
    /// What is here, and neither done nor given back.
    open: BTreeSet<u64>,
}

impl Teller {
    async fn work_off(mut self) {
        let mut words = Vec::new();
        while self.receiver.recv_many(&mut words, MANY).await > 0 {
            let (mut done, mut given_back, mut asked) = (Vec::new(), Vec::new(), Vec::new());
            for word in words.drain(..) {
                match word {
                    Word::Taken(tag) => {
                        self.open.insert(tag);
                    }
                    Word::Done(tag) => done.push(tag),
                    Word::GivenBack(tag) => given_back.push(tag),
                    Word::Asked(told) => asked.push(told),
                }
            }
            self.tell(&done, &given_back).await;
            for told in asked {
                // Who asked may have given up.
                let _ = told.send(());
            }
        }
    }

    async fn tell(&mut self, done: &[u64], given_back: &[u64]) {
        for tag in done.iter().chain(given_back) {
            self.open.remove(tag);
        }
        // First: what is done may be told of with all before it, and these are not done.
        let given_back = given_back.iter().map(|tag| (*tag, Verdict::GivenBack));
        let oldest_open = self.open.first().copied().unwrap_or(u64::MAX);
        // Nothing that is open is before this one.
        let last = done.iter().copied().filter(|tag| *tag < oldest_open).max();
        let with_all_before = last.map(|tag| (tag, Verdict::DoneWithAllBefore));
        let alone = done.iter().filter(|tag| **tag > oldest_open);
        let alone = alone.map(|tag| (*tag, Verdict::Done));
        let verdicts = given_back.chain(with_all_before).chain(alone);
        // Each is in the client's line once it was polled, so they are told in this order.
        let telling = join_all(verdicts.map(|(tag, verdict)| verdict.tell(&self.channel, tag)));
        match tokio::time::timeout(PATIENCE, telling).await {
            Ok(told) => {
                if let Some(Err(error)) = told.into_iter().find(Result::is_err) {
                    tracing::debug!(%error, "the broker did not hear what became of messages");
                }
            }
            Err(_) => tracing::debug!("the client does not tell the broker of messages"),
        }
    }
}

/// What the broker is told.
enum Verdict {
    Done,
    /// This one and all before it, as far as nothing was said of them.
    DoneWithAllBefore,
    GivenBack,
}

impl Verdict {
    async fn tell(self, channel: &Channel, tag: u64) -> lapin::Result<()> {
        let multiple = match self {
            Self::GivenBack => {
                let options = BasicNackOptions { requeue: true, multiple: false };
                return channel.basic_nack(tag, options).await;
            }
            Self::DoneWithAllBefore => true,
            Self::Done => false,
        };
        channel.basic_ack(tag, BasicAckOptions { multiple }).await
    }
}
