//! The topology of the whole system: how it is shown, and what is made of it on a broker.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod broker;
mod commands;
mod interrupted;
mod messages;
mod moved;
mod scene;
mod shown;

#[path = "../../examples/topology/cli.rs"]
mod cli;
