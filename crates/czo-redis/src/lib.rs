#![doc = include_str!("../README.md")]

mod connector;
mod error;
mod link;
mod prefix;
mod script;
mod tasks;
mod url;

pub use connector::Connector;
pub use error::RedisError;
pub use link::Link;
pub use prefix::is_prefix;
pub use script::Script;
pub use url::{RedisUrl, RedisUrlError};
