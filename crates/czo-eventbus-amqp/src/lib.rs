#![doc = include_str!("../README.md")]

mod topology;

pub use topology::{
    Argument, Binding, ExchangeKind, GroupWish, NameError, Names, QueueArguments, QueueKind,
    Topology, system_groups,
};
