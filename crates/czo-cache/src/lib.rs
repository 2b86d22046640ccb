#![doc = include_str!("../README.md")]

mod cache;
mod codec;
mod entry_options;
mod error;
mod flight;
mod load;
mod loaded;
mod memory;
mod namespace;
mod options;
mod pattern;
mod record;
#[cfg(feature = "redis")]
mod redis_store;
mod remote;
mod scope;
mod shared;
mod slot;
mod stats;
mod store;
mod timeline;

pub use cache::{Cache, CacheStats, Content, FoundIn, Inspected};
pub use codec::Cached;
#[cfg(feature = "redis")]
pub use czo_redis::{RedisUrl, RedisUrlError};
pub use entry_options::EntryOptions;
pub use error::{LoadError, NameError};
pub use loaded::Loaded;
pub use options::{CacheOptions, SharedOptions};
#[cfg(feature = "redis")]
pub use redis_store::{PrefixError, RedisStore};
pub use stats::TierStats;
pub use store::{
    Invalidation, LeaseReply, Notice, Opened, Record, Store, StoreError, StoreSession,
};
