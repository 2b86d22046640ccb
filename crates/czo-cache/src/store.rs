//! The contract of what several processes share.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::mpsc;

use crate::record;

/// A store that several processes share, and that tells each what the others invalidate.
///
/// A provider may be asked from many tasks at once. Every call must end: within the provider's own
/// time limit. Dropping the future of a call may leave it done or not.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Connects, and listens.
    ///
    /// A session ends with the first thing that may have been missed: a lost connection, a notice
    /// that did not come, a store that restarted or was emptied. It is never mended; what follows is
    /// another session. Everything that was written in a store before it restarted is unreadable
    /// afterwards, since it may be older than what was last there.
    ///
    /// `node` is who opens it, the same each time: what a session of the same node that was opened
    /// before still has under way is not written any more.
    ///
    /// # Errors
    ///
    /// When it can't be reached.
    async fn open(&self, node: u64) -> Result<Opened, StoreError>;
}

/// A session that has begun.
#[derive(Debug)]
pub struct Opened {
    /// To ask and to tell by.
    pub session: Arc<dyn StoreSession>,
    /// All that is invalidated from now on, in order, without gaps. It closes when it can't go on.
    pub notices: mpsc::Receiver<Notice>,
    /// The generation of the store as the session began.
    pub generation: u64,
}

/// One connection's view of a store. Keys are the store's to name; two of them never meet.
#[async_trait]
pub trait StoreSession: fmt::Debug + Send + Sync {
    /// What is kept under these keys, in their order.
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Bytes>>, StoreError>;

    /// When these scopes were last invalidated. One that the store does not know was just now: it
    /// may have forgotten it.
    async fn generations(&self, scopes: &[&str]) -> Result<Vec<u64>, StoreError>;

    /// Lets one caller load a key for all. Nobody else gets the lease until it is given back, or its
    /// time is over.
    async fn lease(&self, key: &str, duration: Duration) -> Result<LeaseReply, StoreError>;

    /// Keeps a lease for longer; false when it is lost.
    async fn extend(&self, key: &str, token: u64, duration: Duration) -> Result<bool, StoreError>;

    /// Keeps what was loaded, and gives the lease back. It is not kept, and the answer is false, when
    /// the key was invalidated or written since the lease was given, or a later version is there. What
    /// has a scope that was invalidated may be kept: its generation says that it is no good.
    async fn commit(&self, key: &str, token: u64, record: Record) -> Result<bool, StoreError>;

    /// Gives a lease back.
    async fn release(&self, key: &str, token: u64) -> Result<(), StoreError>;

    /// Keeps records in the place of whatever is there, except later versions, takes the leases of
    /// their keys, and tells everybody. Says of each whether it is kept.
    async fn write(&self, records: Vec<(String, Record)>) -> Result<Vec<bool>, StoreError>;

    /// Forgets, takes the leases of keys, and tells everybody. When it returns, nothing of the keys
    /// that was read or loaded before can be kept any more; what has an invalidated scope bears a
    /// lower generation. Returns the generation of the store since then.
    async fn invalidate(&self, what: &Invalidation) -> Result<u64, StoreError>;

    /// Sends a notice to this session alone: it comes after all that were due before.
    async fn beat(&self, number: u64) -> Result<(), StoreError>;
}

/// What is kept of a value. One that is kept for no time takes the place of what is there, as others
/// do, and then nothing is there.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record {
    /// The value, and all that has to be known about it.
    pub bytes: Vec<u8>,
    /// How long it is kept, in whole milliseconds.
    pub keep_for: Duration,
    /// The version of its row, if it has one.
    pub version: Option<i64>,
}

impl Record {
    /// These bytes, for so long.
    #[must_use]
    pub fn new(bytes: Vec<u8>, keep_for: Duration, version: Option<i64>) -> Self {
        Self { bytes, keep_for, version }
    }

    /// Nothing, in the place of what is there, unless that is of a later version.
    pub(crate) fn nothing(version: Option<i64>) -> Self {
        Self::new(record::bound(version), Duration::ZERO, version)
    }
}

/// Whether a caller is to load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseReply {
    /// It is.
    Granted {
        /// What shows that the lease is the caller's.
        token: u64,
        /// The generation of the store. What is loaded now is as new as that.
        generation: u64,
        /// Something is kept for the key: somebody else may just have loaded it.
        is_there: bool,
    },
    /// Somebody else is.
    Held,
}

/// What is to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invalidation {
    /// These keys.
    Keys(Vec<String>),
    /// This key, and no version of it below this one is taken for half a minute.
    Below(String, i64),
    /// All that has this scope.
    Scope(String),
    /// All keys that match: `*` is any text, `?` any character, `\` takes the meaning of what follows.
    Pattern(String),
}

/// What a session is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something was invalidated or written.
    Invalidated {
        /// The generation of the store, one more than that of the notice before.
        generation: u64,
        /// What, by whichever session: this one's too.
        what: Invalidation,
    },
    /// The answer to [`beat`](StoreSession::beat).
    Beat {
        /// The number of the beat.
        number: u64,
        /// The generation of the store as it was asked.
        generation: u64,
    },
}

/// Why a store did not do what it was asked. The cache does without it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It does not answer, or not in time. It is unknown what it has done.
    #[error("the store does not answer")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It was emptied, or it restarted: what this session knows of it is no longer so.
    #[error("the store is not the one that it was")]
    Changed,
    /// It refused.
    #[error("the store did not do what was asked")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}
