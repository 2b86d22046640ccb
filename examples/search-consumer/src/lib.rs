#![doc = include_str!("../README.md")]

mod index;
mod product;

pub use index::{Index, Product};
pub use product::{GROUP, PATTERN, subscribe};
