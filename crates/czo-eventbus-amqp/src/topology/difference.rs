//! What has to happen to a broker so that it has what a topology says.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::live::{Live, LiveBinding, LiveExchange, LiveQueue};
use super::{Argument, Binding, ExchangeKind, QueueArguments, Topology};

/// What has to happen to a broker so that it has what a topology says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// In the order in which it is to happen.
    pub changes: Vec<Change>,
    /// What is there beside the topology. Nobody touches it.
    pub notes: Vec<Note>,
}

/// One thing that has to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// An exchange is missing.
    MakeExchange {
        /// Its name.
        exchange: String,
        /// What it is to be.
        kind: ExchangeKind,
    },
    /// An exchange is of another kind. Nothing can change that while it is used.
    OtherExchange {
        /// Its name.
        exchange: String,
        /// What it is to be.
        wanted: ExchangeKind,
        /// What it is.
        there: String,
    },
    /// A queue is missing.
    MakeQueue {
        /// Its name.
        queue: String,
        /// What it is to be declared with.
        arguments: QueueArguments,
    },
    /// A queue is there with other arguments, which can't be changed: it has to be made anew.
    RebuildQueue {
        /// Its name.
        queue: String,
        /// What it is to be declared with.
        arguments: QueueArguments,
        /// What is not as it is to be.
        others: Vec<OtherArgument>,
        /// How many messages are in it, as of a few seconds ago.
        messages: u64,
    },
    /// A queue was being made anew by somebody who did not get to the end.
    FinishQueue {
        /// Its name.
        queue: String,
        /// What it is to be declared with.
        arguments: QueueArguments,
    },
    /// A binding is missing.
    MakeBinding(Binding),
    /// An exchange of the topology brings a queue of the topology what it no longer wants.
    RemoveBinding(LiveBinding),
}

/// An argument of a queue that is not as it is to be. `durable`, `auto_delete` and `exclusive`
/// count as arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OtherArgument {
    /// Its name.
    pub name: String,
    /// What it is to be, if it is to be there.
    pub wanted: Option<Argument>,
    /// What it is, if it is there.
    pub there: Option<Argument>,
}

/// Something that is there beside the topology.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "note", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Note {
    /// A queue that has to do with the topology and is not in it: of a group within one service, of
    /// a temporary one, or of one that was given up.
    OtherQueue {
        /// Its name.
        queue: String,
        /// How many messages are in it, as of a few seconds ago.
        messages: u64,
        /// How many listen, as of a few seconds ago.
        consumers: u64,
    },
    /// An exchange that is not in the topology brings something to a queue that is.
    OtherBinding(LiveBinding),
}

/// What things are called that exist while a queue is made anew. No group is called like them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interim {
    /// The queue where messages wait meanwhile.
    pub queue: String,
    /// The exchange that brings them there.
    pub aside: String,
    /// The exchange that brings them back.
    pub back: String,
}

impl Interim {
    /// For this queue.
    #[must_use]
    pub fn of(queue: &str) -> Self {
        let aside = format!("{queue}:moving");
        Self { queue: aside.clone(), aside, back: format!("{queue}:arriving") }
    }

    /// Whether any of it is there.
    fn is_in(&self, live: &Live) -> bool {
        live.queues.contains_key(&self.queue)
            || live.exchanges.contains_key(&self.aside)
            || live.exchanges.contains_key(&self.back)
    }
}

impl Difference {
    /// Whether the broker has all of the topology, as it is to be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl Topology {
    /// What has to happen to a broker so that it has all of this, and its queues get nothing more
    /// from its exchanges.
    #[must_use]
    pub fn difference(&self, live: &Live) -> Difference {
        let mut changes = Vec::new();
        changes
            .extend(self.exchanges.iter().filter_map(|(name, kind)| exchange(live, name, *kind)));
        let queues =
            self.queues.iter().filter_map(|(name, arguments)| queue(live, name, arguments));
        let (mut rebuilt, mut made): (Vec<_>, Vec<_>) =
            queues.partition(|change| matches!(change, Change::RebuildQueue { .. }));
        made.sort_by_key(Change::turn);
        rebuilt.sort_by_key(Change::turn);
        changes.extend(made);
        let is_there = |wanted: &&Binding| {
            live.bindings
                .iter()
                .any(|there| there.arguments.is_empty() && there.binding == **wanted)
        };
        // First to where dead letters go, then what may become one.
        changes.extend(
            self.bindings.iter().filter(|b| !is_there(b)).cloned().map(Change::MakeBinding),
        );
        // Now dead letters find their way, so none is stuck in a queue that is made anew.
        changes.extend(rebuilt);
        let stale = live.bindings.iter().filter(|there| self.is_stale(there));
        changes.extend(stale.cloned().map(Change::RemoveBinding));
        Difference { changes, notes: self.notes(live) }
    }

    /// Whether an exchange of this brings a queue of this what it does not want.
    #[must_use]
    pub fn is_stale(&self, there: &LiveBinding) -> bool {
        let LiveBinding { binding, arguments } = there;
        let is_wanted = arguments.is_empty() && self.bindings.contains(binding);
        self.queues.contains_key(&binding.queue)
            && self.exchanges.contains_key(&binding.exchange)
            && !is_wanted
    }

    fn notes(&self, live: &Live) -> Vec<Note> {
        let interim: BTreeSet<String> = self
            .queues
            .keys()
            .map(|queue| Interim::of(queue))
            .flat_map(|Interim { queue, aside, back }| [queue, aside, back])
            .collect();
        let concerned = live.queues.iter().filter(|(name, queue)| {
            let is_other = !self.queues.contains_key(*name) && !interim.contains(*name);
            is_other && self.concerns(live, name, queue)
        });
        let queues = concerned.map(|(name, queue)| Note::OtherQueue {
            queue: name.clone(),
            messages: queue.messages,
            consumers: queue.consumers,
        });
        let foreign = live.bindings.iter().filter(|there| {
            let Binding { exchange, queue, .. } = &there.binding;
            self.queues.contains_key(queue)
                && !self.exchanges.contains_key(exchange)
                && !interim.contains(exchange)
        });
        queues.chain(foreign.cloned().map(Note::OtherBinding)).collect()
    }

    /// Whether a queue has to do with this: it gets something from its exchanges, leaves its dead
    /// letters there, or is called like a part of one of its groups.
    fn concerns(&self, live: &Live, name: &str, queue: &LiveQueue) -> bool {
        let is_bound = live
            .bindings_of(name)
            .any(|there| self.exchanges.contains_key(&there.binding.exchange));
        let buries_here = match queue.arguments.get("x-dead-letter-exchange") {
            Some(Argument::Text(exchange)) => self.exchanges.contains_key(exchange),
            _ => false,
        };
        let of_group = name.rsplit_once(':').map(|(group, _)| group);
        is_bound || buries_here || of_group.is_some_and(|group| self.queues.contains_key(group))
    }
}

impl Change {
    /// Among changes of queues. Queues that others send to come after those: what leaves one of
    /// these can't be lost by an old kind of queue when the other is not there for a moment.
    fn turn(&self) -> u8 {
        let queue = match self {
            Self::RebuildQueue { queue, .. } | Self::FinishQueue { queue, .. } => queue,
            _ => return 0,
        };
        match queue.rsplit_once(':') {
            Some((_, part)) if part.starts_with("retry-") => 1,
            Some(_) => 2,
            None => 3,
        }
    }
}

fn exchange(live: &Live, name: &str, kind: ExchangeKind) -> Option<Change> {
    let exchange = name.to_owned();
    let Some(there) = live.exchanges.get(name) else {
        return Some(Change::MakeExchange { exchange, kind });
    };
    let LiveExchange { kind: is, durable, auto_delete, internal, arguments } = there;
    let is_right =
        is == kind.as_str() && *durable && !auto_delete && !internal && arguments.is_empty();
    let there = there.to_string();
    (!is_right).then_some(Change::OtherExchange { exchange, wanted: kind, there })
}

fn queue(live: &Live, name: &str, wanted: &QueueArguments) -> Option<Change> {
    let (queue, arguments) = (name.to_owned(), wanted.clone());
    let is_unfinished = Interim::of(name).is_in(live);
    let others = live.queues.get(name).map(|there| others(there, wanted)).unwrap_or_default();
    match live.queues.get(name) {
        Some(there) if !others.is_empty() => {
            Some(Change::RebuildQueue { queue, arguments, others, messages: there.messages })
        }
        _ if is_unfinished => Some(Change::FinishQueue { queue, arguments }),
        Some(_) => None,
        None => Some(Change::MakeQueue { queue, arguments }),
    }
}

/// What of a queue is not as it is to be.
fn others(there: &LiveQueue, wanted: &QueueArguments) -> Vec<OtherArgument> {
    let LiveQueue { arguments, durable, auto_delete, exclusive, .. } = there;
    let names: BTreeSet<&String> = wanted.keys().chain(arguments.keys()).collect();
    let arguments = names.into_iter().map(|name| OtherArgument {
        name: name.clone(),
        wanted: wanted.get(name).cloned(),
        there: arguments.get(name).cloned(),
    });
    let flags = [
        ("durable", true, *durable),
        ("auto_delete", false, *auto_delete),
        ("exclusive", false, *exclusive),
    ];
    let flags = flags.into_iter().map(|(name, wanted, there)| OtherArgument {
        name: name.to_owned(),
        wanted: Some(Argument::Flag(wanted)),
        there: Some(Argument::Flag(there)),
    });
    arguments.chain(flags).filter(|argument| argument.wanted != argument.there).collect()
}

impl fmt::Display for Difference {
    /// A line for each change and each note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes = self.changes.iter().map(|change| change as &dyn fmt::Display);
        let notes = self.notes.iter().map(|note| note as &dyn fmt::Display);
        for (index, line) in changes.chain(notes).enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{line}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MakeExchange { exchange, kind } => {
                write!(f, "+ exchange {exchange} ({})", kind.as_str())
            }
            Self::OtherExchange { exchange, wanted, there } => {
                write!(f, "! exchange {exchange} is {there}, not {}", wanted.as_str())
            }
            Self::MakeQueue { queue, .. } => write!(f, "+ queue {queue}"),
            Self::RebuildQueue { queue, others, messages, .. } => {
                write!(f, "~ queue {queue}, with {}", counted(*messages, "message"))?;
                others.iter().try_for_each(|other| write!(f, "; {other}"))
            }
            Self::FinishQueue { queue, .. } => {
                write!(f, "~ queue {queue}: was being made anew, to be finished")
            }
            Self::MakeBinding(binding) => write!(f, "+ binding {binding}"),
            Self::RemoveBinding(binding) => write!(f, "- binding {binding}"),
        }
    }
}

impl fmt::Display for OtherArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, wanted, there } = self;
        match (wanted, there) {
            (Some(wanted), Some(there)) => write!(f, "{name} is {there}, not {wanted}"),
            (Some(wanted), None) => write!(f, "{name} {wanted} is missing"),
            (None, Some(there)) => write!(f, "{name} {there} is too much"),
            (None, None) => f.write_str(name),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherQueue { queue, messages, consumers } => write!(
                f,
                "  queue {queue}, with {} and {}, is not in the topology; it stays",
                counted(*messages, "message"),
                counted(*consumers, "consumer"),
            ),
            Self::OtherBinding(binding) => {
                write!(f, "  binding {binding} is from an exchange not in the topology; it stays")
            }
        }
    }
}

fn counted(number: u64, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}
