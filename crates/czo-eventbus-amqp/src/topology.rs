//! What is to be on the broker.

mod definitions;
mod difference;
#[cfg(test)]
mod laws;
mod live;
mod names;
mod system;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use czo_core::{Group, TopicPattern};
use serde::{Deserialize, Serialize};

pub use definitions::Definitions;
pub use difference::{Change, Difference, Interim, Note, OtherArgument};
pub use live::{Live, LiveBinding, LiveExchange, LiveQueue};
pub use names::{NameError, Names};
pub(crate) use system::command_for;
pub use system::system_groups;

/// How long a temporary queue outlives the last process that listened.
const TEMPORARY_LIFE: Duration = Duration::from_secs(60);

/// How many events may wait in one queue for their next attempt. Beyond that they wait with the
/// process that failed.
const RETRY_CAPACITY: i64 = 100_000;

/// How often a quorum queue gives an event to processes that die over it before it becomes a dead
/// letter. Far above what lost connections cause.
const DELIVERY_LIMIT: i64 = 200;

/// As often as the broker can count: looking at a dead letter counts as a delivery.
const NO_DELIVERY_LIMIT: i64 = 2_000_000_000;

/// What is to be on the broker: exchanges, queues and bindings, by name.
///
/// It is the same for the bus, which declares its part of it, and for `cargo xtask topology`,
/// which compares the whole of it with a live broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// The exchanges, all durable.
    pub exchanges: BTreeMap<String, ExchangeKind>,
    /// The queues, all durable.
    pub queues: BTreeMap<String, QueueArguments>,
    /// What brings messages from exchanges to queues.
    pub bindings: BTreeSet<Binding>,
}

/// How an exchange finds the queues for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExchangeKind {
    /// By the pattern of the binding.
    Topic,
    /// All of them.
    Fanout,
}

impl ExchangeKind {
    /// As the protocol names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Fanout => "fanout",
        }
    }
}

/// What a queue is declared with. A queue that is there with other arguments is another queue:
/// the broker refuses to declare it.
pub type QueueArguments = BTreeMap<String, Argument>;

/// A value of [`QueueArguments`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Argument {
    /// A flag.
    Flag(bool),
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

/// Brings messages from an exchange to a queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Binding {
    /// From here ...
    pub exchange: String,
    /// ... to here ...
    pub queue: String,
    /// ... those whose routing key matches; empty for a fanout.
    pub key: String,
}

/// How queues keep their events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QueueKind {
    /// On several nodes of a cluster, on disk. What RabbitMQ advises for data that counts.
    #[default]
    Quorum,
    /// On one node. Events that wait for their next attempt, or go to the dead letters because the
    /// broker says so, may be lost when that node dies.
    Classic,
}

/// What one group needs on the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupWish {
    /// The group.
    pub group: Group,
    /// What it wants.
    pub patterns: Vec<TopicPattern>,
    /// How its queue keeps events.
    pub kind: QueueKind,
    /// Whether one process at a time gets its events, so that those of a key keep their order.
    pub is_ordered: bool,
    /// Whether it ends with its last subscription.
    pub is_temporary: bool,
    /// After which times its events are tried again.
    pub retries: BTreeSet<Duration>,
    /// How long its queues, dead letters included, outlive whoever uses them. For ever where it is
    /// not said.
    pub idle_life: Option<Duration>,
}

impl GroupWish {
    /// What a group needs that wants `patterns` and has the usual retries.
    #[must_use]
    pub fn new(group: Group, patterns: impl IntoIterator<Item = TopicPattern>) -> Self {
        let retries = czo_core::RetryPolicy::default().delays().iter().copied().collect();
        Self {
            group,
            patterns: patterns.into_iter().collect(),
            kind: QueueKind::default(),
            is_ordered: false,
            is_temporary: false,
            retries,
            idle_life: None,
        }
    }

    /// What every queue of the group is declared with.
    fn arguments(&self) -> QueueArguments {
        let kind = match self.kind {
            QueueKind::Quorum => "quorum",
            QueueKind::Classic => "classic",
        };
        let mut arguments = BTreeMap::from([("x-queue-type".to_owned(), text(kind))]);
        if let Some(life) = self.idle_life {
            arguments.insert("x-expires".into(), Argument::Number(millis(life)));
        }
        arguments
    }

    /// The same without the queues that are made when an event first fails.
    pub(crate) fn at_first(&self) -> Self {
        Self { retries: BTreeSet::new(), ..self.clone() }
    }

    /// The delays for which events wait on the broker. Those of an ordered group, behind which
    /// others of their key wait, stay with the process, and so do those of a temporary one.
    fn delays_on_the_broker(&self) -> impl Iterator<Item = Duration> {
        let on_the_broker = !self.is_ordered && !self.is_temporary;
        self.retries.iter().copied().filter(move |_| on_the_broker)
    }

    /// What an event of this group needs that waits for `delay`: the name of the queue, and what
    /// it is declared with. Nothing where it waits with the process.
    #[must_use]
    pub fn retry_queue(&self, names: &Names, delay: Duration) -> Option<(String, QueueArguments)> {
        let waits_there = self.delays_on_the_broker().any(|other| other == delay);
        waits_there
            .then(|| (names.retry_queue(&self.group, delay), retry_arguments(names, self, delay)))
    }
}

impl Topology {
    /// The exchanges that every program has.
    #[must_use]
    pub fn exchanges(names: &Names) -> Self {
        let exchanges = BTreeMap::from([
            (names.events.clone(), ExchangeKind::Topic),
            (names.system.clone(), ExchangeKind::Fanout),
            (names.dead_letters.clone(), ExchangeKind::Topic),
        ]);
        Self { exchanges, ..Self::default() }
    }

    /// All that services have between them: the exchanges and what each of [`system_groups`]
    /// needs.
    #[must_use]
    pub fn of_the_system(names: &Names) -> Self {
        let groups = system_groups();
        groups.iter().fold(Self::exchanges(names), |topology, wish| topology.with(names, wish))
    }

    /// The same and what a group needs.
    #[must_use]
    pub fn with(mut self, names: &Names, wish: &GroupWish) -> Self {
        let queue = names.queue(&wish.group);
        for pattern in &wish.patterns {
            self.bind(&names.events, &queue, pattern.as_str());
            if wants_system_events(pattern) {
                self.bind(&names.system, &queue, "");
            }
        }
        if wish.is_temporary {
            self.queues.insert(queue, temporary_arguments(wish));
        } else {
            let dead = names.dead_queue(&wish.group);
            self.bind(&names.dead_letters, &dead, &queue);
            self.queues.insert(dead, dead_arguments(wish));
            self.queues.insert(queue.clone(), main_arguments(names, wish, &queue));
        }
        for delay in wish.delays_on_the_broker() {
            let name = names.retry_queue(&wish.group, delay);
            self.queues.insert(name, retry_arguments(names, wish, delay));
        }
        self
    }

    fn bind(&mut self, exchange: &str, queue: &str, key: &str) {
        let (exchange, queue, key) = (exchange.to_owned(), queue.to_owned(), key.to_owned());
        self.bindings.insert(Binding { exchange, queue, key });
    }
}

/// Whether an event of the system could match.
fn wants_system_events(pattern: &TopicPattern) -> bool {
    let first = pattern.as_str().split('.').next();
    matches!(first, Some("system" | "*" | "#"))
}

fn main_arguments(names: &Names, wish: &GroupWish, queue: &str) -> QueueArguments {
    let mut arguments = wish.arguments();
    arguments.insert("x-dead-letter-exchange".into(), text(&names.dead_letters));
    arguments.insert("x-dead-letter-routing-key".into(), text(queue));
    if wish.kind == QueueKind::Quorum {
        arguments.insert("x-delivery-limit".into(), Argument::Number(DELIVERY_LIMIT));
        lose_nothing_on_the_way(&mut arguments);
    }
    if wish.is_ordered {
        arguments.insert("x-single-active-consumer".into(), Argument::Flag(true));
    }
    arguments
}

fn dead_arguments(wish: &GroupWish) -> QueueArguments {
    let mut arguments = wish.arguments();
    if wish.kind == QueueKind::Quorum {
        arguments.insert("x-delivery-limit".into(), Argument::Number(NO_DELIVERY_LIMIT));
    }
    arguments
}

fn retry_arguments(names: &Names, wish: &GroupWish, delay: Duration) -> QueueArguments {
    let mut arguments = wish.arguments();
    // The exchange without a name brings a message to the queue that its routing key names.
    arguments.insert("x-dead-letter-exchange".into(), text(""));
    arguments.insert("x-dead-letter-routing-key".into(), text(&names.queue(&wish.group)));
    arguments.insert("x-message-ttl".into(), Argument::Number(millis(delay)));
    arguments.insert("x-max-length".into(), Argument::Number(RETRY_CAPACITY));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    if wish.kind == QueueKind::Quorum {
        lose_nothing_on_the_way(&mut arguments);
    }
    // One that is only published to counts as unused, and must not go before what is in it.
    if let Some(life) = wish.idle_life {
        arguments.insert("x-expires".into(), Argument::Number(millis(life + delay)));
    }
    arguments
}

fn temporary_arguments(wish: &GroupWish) -> QueueArguments {
    let wish = GroupWish { kind: QueueKind::Classic, ..wish.clone() };
    let mut arguments = GroupWish { idle_life: Some(TEMPORARY_LIFE), ..wish.clone() }.arguments();
    if wish.is_ordered {
        arguments.insert("x-single-active-consumer".into(), Argument::Flag(true));
    }
    arguments
}

/// Lets what leaves a quorum queue for another one go only once that one has it.
fn lose_nothing_on_the_way(arguments: &mut QueueArguments) {
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
}

fn text(text: &str) -> Argument {
    Argument::Text(text.to_owned())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exchange, queue, key } = self;
        match key.as_str() {
            "" => write!(f, "{exchange} -> {queue}"),
            key => write!(f, "{exchange} -> {queue} ({key})"),
        }
    }
}
