#![doc = include_str!("../README.md")]

mod backoff;
mod bus;
mod dead_letters;
mod declare;
mod group;
mod health;
mod link;
mod message;
mod options;
mod publisher;
mod topology;
mod url;

pub use bus::AmqpBus;
pub use dead_letters::AmqpDeadLetters;
pub use options::AmqpOptions;
pub use topology::{
    Argument, Binding, Change, Definitions, Difference, ExchangeKind, GroupWish, Interim, Live,
    LiveBinding, LiveExchange, LiveQueue, NameError, Names, Note, OtherArgument, QueueArguments,
    QueueKind, Topology, system_groups,
};
pub use url::{AmqpUrl, AmqpUrlError};
