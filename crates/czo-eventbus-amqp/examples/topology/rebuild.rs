//! Makes a queue anew that is there with other arguments.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};
use czo_eventbus_amqp::{
    Argument, Binding, ExchangeKind, Interim, Live, LiveBinding, LiveQueue, QueueArguments,
    Topology,
};

use super::broker::{Broker, Channel};
use super::hold::Hold;
use super::mover::Mover;
use super::{Report, Step};

/// As often as the broker can count.
const NO_DELIVERY_LIMIT: i64 = 2_000_000_000;

/// Makes a queue anew, with its messages.
///
/// AMQP can neither change nor rename a queue. So the messages go into a queue where they wait, the
/// old one is deleted, the new one is made, and they come back:
///
/// 1. The queue to wait in is made, and the old one is emptied into it.
/// 2. The queue to wait in is bound to all that the old one is bound to; then the old one is
///    unbound, emptied again and deleted. Events that wait for their next attempt, and would go to
///    it by its name, are held until the new one is there.
/// 3. The new one is made, and the queue to wait in is emptied into it.
/// 4. The new one is bound; then the queue to wait in is unbound, emptied again and deleted.
///
/// At every moment at least one of them is bound, so nothing that is published is lost, and who
/// begins again after a crash finds everything in one of them. What is published while both are
/// bound, for a few milliseconds each time, comes twice, and may come before what was published
/// just before it; all else keeps its order. What somebody else sends to the queue by its name at
/// the moment of its end is lost, as the broker takes it for delivered.
pub(crate) struct Rebuild<'a> {
    pub(crate) broker: &'a Broker,
    pub(crate) channel: &'a Channel,
    pub(crate) wanted: &'a Topology,
    pub(crate) live: &'a Live,
    pub(crate) queue: &'a str,
    pub(crate) arguments: &'a QueueArguments,
    pub(crate) settled: Duration,
    pub(crate) report: Report<'a>,
}

impl Rebuild<'_> {
    /// Makes the queue anew.
    pub(crate) async fn all(&self) -> Result<()> {
        let interim = Interim::of(self.queue);
        let hold = self.aside(&interim).await?;
        self.back(&interim, true, Some(hold)).await
    }

    /// Does the rest of what somebody began.
    pub(crate) async fn rest(&self) -> Result<()> {
        let interim = Interim::of(self.queue);
        self.back(&interim, self.live.queues.contains_key(&interim.queue), None).await
    }

    /// The messages go into the queue to wait in, and the old queue goes. Returns the hold on what
    /// would come to it.
    async fn aside(&self, interim: &Interim) -> Result<Hold> {
        let channel = self.channel;
        let Interim { queue: waiting, aside, .. } = interim;
        if !self.live.queues.contains_key(waiting) {
            channel.declare_queue(waiting, &waiting_arguments(self.arguments)).await?;
        }
        make_way(channel, aside, waiting).await?;
        self.report(format_args!("messages wait in {waiting} meanwhile"))?;
        let mut mover = self.mover(self.queue, aside).await?;
        mover.catch_up(Duration::ZERO).await?;
        let bindings = self.bindings(interim);
        for binding in &bindings {
            channel.bind(waiting, binding).await?;
        }
        self.report("what is published goes there too")?;
        for binding in bindings.iter().chain(self.live.bindings_of(self.queue)) {
            channel.unbind(self.queue, binding).await?;
        }
        let hold = Hold::begin(self.broker, self.live, self.queue).await?;
        self.report("what is published goes only there")?;
        let moved = mover.end(self.settled).await?;
        self.report(format_args!("deleted; {moved} messages wait"))?;
        Ok(hold)
    }

    /// The new queue comes, the messages come back, and the queue to wait in goes.
    async fn back(&self, interim: &Interim, is_waiting: bool, hold: Option<Hold>) -> Result<()> {
        let channel = self.channel;
        let Interim { queue: waiting, aside, back, .. } = interim;
        channel.declare_queue(self.queue, self.arguments).await?;
        if let Some(hold) = hold {
            hold.release().await?;
        }
        self.report("made anew")?;
        let bindings = self.bindings(interim);
        let mut moved = 0;
        if is_waiting {
            make_way(channel, back, self.queue).await?;
            let mut mover = self.mover(waiting, back).await?;
            mover.catch_up(Duration::ZERO).await?;
            for binding in &bindings {
                channel.bind(self.queue, binding).await?;
            }
            self.report("what is published goes there again")?;
            for binding in bindings.iter().chain(self.live.bindings_of(waiting)) {
                channel.unbind(waiting, binding).await?;
            }
            self.report("what is published goes only there")?;
            moved = mover.end(self.settled).await?;
            self.report(format_args!("{waiting} is deleted"))?;
        } else {
            for binding in &bindings {
                channel.bind(self.queue, binding).await?;
            }
        }
        for exchange in [aside, back] {
            channel.delete_exchange(exchange).await?;
        }
        self.report(format_args!("done; {moved} messages are back"))
    }

    /// What is to bring messages to the queue in the end: what the topology says, and what others
    /// bound, the old queue or, before a crash, the one to wait in.
    fn bindings(&self, interim: &Interim) -> BTreeSet<LiveBinding> {
        let Interim { queue: waiting, aside, back, .. } = interim;
        let wanted = self.wanted.bindings.iter().filter(|wanted| wanted.queue == self.queue);
        let there = self.live.bindings_of(self.queue).chain(self.live.bindings_of(waiting));
        let there = there.cloned().map(|mut there| {
            self.queue.clone_into(&mut there.binding.queue);
            there
        });
        let there = there.filter(|there| {
            let is_of_ours = [aside, back].contains(&&there.binding.exchange);
            !is_of_ours && !self.wanted.is_stale(there)
        });
        wanted.cloned().map(LiveBinding::from).chain(there).collect()
    }

    async fn mover(&self, from: &str, to: &str) -> Result<Mover<'_>> {
        Mover::begin(self.broker, from, to, self.report).await
    }

    fn report(&self, what: impl std::fmt::Display) -> Result<()> {
        (self.report)(Step::Done(&format!("{}: {what}", self.queue)))
    }
}

/// Refuses a queue whose messages can't be moved safely.
pub(crate) fn refuse_what_cannot_be_moved(name: &str, queue: &LiveQueue) -> Result<()> {
    let reason = if queue.exclusive {
        "belongs to one connection; end it, and apply again"
    } else if queue.auto_delete {
        "is deleted with its last consumer, so with one that moves its messages; delete it, and \
         apply again"
    } else if queue.stuck > 0 {
        "has dead letters that the broker can't bring to where they go, and that nobody else can \
         get; make their way free and apply again once they have left it, which may take some minutes"
    } else if queue.kind() == "stream" {
        "is a stream, which nothing can be moved out of; delete it, and apply again"
    } else {
        return Ok(());
    };
    bail!("queue {name} {reason}")
}

/// What the queue to wait in is declared with: it keeps messages like the new one, without its
/// limits, and what expires in it goes where it would have gone from there.
fn waiting_arguments(arguments: &QueueArguments) -> QueueArguments {
    const KEPT: [&str; 5] = [
        "x-queue-type",
        "x-dead-letter-exchange",
        "x-dead-letter-routing-key",
        "x-dead-letter-strategy",
        "x-overflow",
    ];
    let mut waiting = arguments.clone();
    waiting.retain(|name, _| KEPT.contains(&name.as_str()));
    if arguments.get("x-queue-type") == Some(&Argument::Text("quorum".to_owned())) {
        waiting.insert("x-delivery-limit".to_owned(), Argument::Number(NO_DELIVERY_LIMIT));
    }
    waiting
}

/// An exchange that leads to one queue, whatever the routing key, which so can stay what it is.
async fn make_way(channel: &Channel, exchange: &str, queue: &str) -> Result<()> {
    channel.declare_exchange(exchange, ExchangeKind::Fanout).await?;
    let (exchange, queue) = (exchange.to_owned(), queue.to_owned());
    let to = Binding { exchange, queue, key: String::new() };
    channel.bind(&to.queue.clone(), &to.into()).await
}
