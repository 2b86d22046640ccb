//! Telling the broker what became of what it gave out.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::{Acker, Channel};
use tokio::sync::{mpsc, oneshot};

/// How many words are taken at once.
const MANY: usize = 1_024;

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
            if let Err(error) = self.tell(&done, &given_back).await {
                tracing::debug!(%error, "the broker did not hear what became of messages");
            }
            // Who asked may have given up.
            for told in asked {
                let _ = told.send(());
            }
        }
    }

    async fn tell(&mut self, done: &[u64], given_back: &[u64]) -> lapin::Result<()> {
        for tag in done.iter().chain(given_back) {
            self.open.remove(tag);
        }
        // First: what is done may be told of with all before it, and these are not done.
        for tag in given_back {
            let options = BasicNackOptions { requeue: true, multiple: false };
            self.channel.basic_nack(*tag, options).await?;
        }
        let oldest_open = self.open.first().copied().unwrap_or(u64::MAX);
        // Nothing that is open is before this one.
        if let Some(last) = done.iter().copied().filter(|tag| *tag < oldest_open).max() {
            self.channel.basic_ack(last, BasicAckOptions { multiple: true }).await?;
        }
        for tag in done.iter().copied().filter(|tag| *tag > oldest_open) {
            self.channel.basic_ack(tag, BasicAckOptions { multiple: false }).await?;
        }
        Ok(())
    }
}
