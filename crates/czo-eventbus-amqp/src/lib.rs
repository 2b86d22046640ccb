#![doc = include_str!("../README.md")]

mod topology;

pub use topology::{
    Argument, Binding, Change, Definitions, Difference, ExchangeKind, GroupWish, Interim, Live,
    LiveBinding, LiveExchange, LiveQueue, NameError, Names, Note, OtherArgument, QueueArguments,
    QueueKind, Topology, system_groups,
};
