#![doc = include_str!("../README.md")]

mod products;
mod read;
mod write;

pub use products::Products;
