//! The second tier in Redis.

mod feed;
mod scripts;
mod session;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use czo_redis::{Connector, RedisError, RedisUrl, is_prefix};
use fred::interfaces::{EventInterface, PubsubInterface};
use thiserror::Error;

use self::feed::Feed;
use self::session::{RedisSession, Tag};
use crate::store::{Opened, Store, StoreError};

/// A cache in Redis, version 6.2 or later; tried with 7.0.
///
/// **What it may lose.** Everything, at any time: entries that Redis evicts, or all of them when it
/// restarts or is emptied. `maxmemory` with `maxmemory-policy allkeys-lru` is right for it; a Redis
/// that is full and may not evict is not used. After a restart no entry of before is read, even if
/// Redis has it still: it may be older than what was last there.
///
/// **A replica that takes over** is another Redis: it begins empty.
///
/// **Limits.** Values up to what [`largest_value`](crate::SharedOptions::largest_value) says. All keys
/// begin with one prefix and are on one node of a cluster. Caches with different prefixes know nothing
/// of each other.
///
/// **Clocks.** How long an entry is fresh is reckoned by the clock of the machine that wrote it; clocks
/// that differ make entries fresh for as much longer or shorter. What is invalidated is not a matter of
/// clocks.
#[derive(Clone)]
pub struct RedisStore {
    connector: Connector,
    prefix: Arc<str>,
}

/// A prefix that keys can't have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a prefix of keys has 1 to 100 visible ASCII characters, and no `{{` and `}}`")]
pub struct PrefixError;

impl RedisStore {
    /// Whatever is at this URL. It connects when a cache is made of it.
    #[must_use]
    pub fn new(url: RedisUrl) -> Self {
        let connector =
            Connector::new(url).scripts(scripts::ALL).timeout(Duration::from_millis(100));
        Self { connector, prefix: "czo-cache".into() }
    }

    /// Lets every key begin with `{prefix}`. Default `czo-cache`.
    ///
    /// # Errors
    ///
    /// [`PrefixError`] unless it has 1 to 100 visible ASCII characters without braces.
    pub fn prefix(mut self, prefix: &str) -> Result<Self, PrefixError> {
        if !is_prefix(prefix) {
            return Err(PrefixError);
        }
        self.prefix = prefix.into();
        Ok(self)
    }

    /// Waits for an answer this long. What reads several keys, or loads nothing, waits for four answers
    /// at most, one after the other; what loads one key for no longer than
    /// [`soft_timeout`](crate::EntryOptions::soft_timeout).
    /// Default 100 milliseconds. What takes longer three times in a row is not asked for a while.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.connector = self.connector.timeout(timeout);
        self
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn open(&self, node: u64) -> Result<Opened, StoreError> {
        let link = self.connector.connect().await?;
        let tag = Tag::new(&self.prefix);
        let id = random()?;
        // It listens before it asks how far the others are.
        let subscriber = self.connector.subscriber().await?;
        let messages = subscriber.client().message_rx();
        let channels = vec![tag.notices(), tag.beats(id)];
        subscriber.ask(subscriber.client().subscribe(channels)).await?;
        let new_epoch = format!("{:016x}", random()?);
        let begin = vec![new_epoch.into(), node.to_string().into(), id.to_string().into()];
        let joined = link.run(&scripts::JOIN, tag.text(), begin).await?;
        let (epoch, generation): (String, u64) =
            joined.convert().map_err(|_| unexpected("an epoch and a generation"))?;
        let feed = Feed { subscriber, messages, tag: tag.clone(), generation };
        let (notices, pump) = feed.flow();
        let session = Arc::new(RedisSession::new(link, tag, epoch, node, id, pump));
        Ok(Opened { session, notices, generation })
    }
}

/// A number that nobody else has.
fn random() -> Result<u64, StoreError> {
    getrandom::u64().map_err(|error| StoreError::Unavailable(error.to_string().into()))
}

/// Redis answered something else than the scripts of this version do.
fn unexpected(expected: &'static str) -> StoreError {
    StoreError::Refused(format!("redis answered something else than {expected}").into())
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        match error {
            RedisError::Refused(said) if said.details().starts_with("CHANGED") => Self::Changed,
            RedisError::Refused(_) | RedisError::Full(_) => Self::Refused(error.into()),
            _ => Self::Unavailable(error.into()),
        }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("server", self.connector.url())
            .field("prefix", &self.prefix)
            .finish()
    }
}
