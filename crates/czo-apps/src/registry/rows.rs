//! The tables of the registry.

pub(crate) mod installation;
pub(crate) mod secret;
pub(crate) mod token;
pub(crate) mod topic;
pub(crate) mod webhook;
