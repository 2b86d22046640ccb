#![doc = include_str!("../README.md")]

mod cursor;
mod error;
mod page;
mod products;
mod read;
mod transaction;
mod variants;
mod write;

pub use error::StoreError;
pub use products::Products;
