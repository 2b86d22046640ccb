#![doc = include_str!("../README.md")]

mod board;
mod migration;

pub use board::ReviewBoard;
