//! Others who write rows where events are staged.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use czo_repo::{DatabaseError, UnitOfWork};

use crate::StagedEvent;

/// Writes rows of its own for the events of a unit of work, in the same transaction: they are
/// there if and only if the events are. Register it with [`Outbox::also`](crate::Outbox::also).
///
/// **Delivery.** It is called once for each unit of work that is committed, right after its events
/// were written, with all that are for everyone, in order; it may be called for one that is then
/// rolled back, and again when a transaction is tried again. Events for one group only, such as
/// replays, were everyone's before and are not handed in.
///
/// It runs while the transaction holds its locks, so it should be one statement. What follows the
/// commit it hands to [`UnitOfWork::after_commit`].
#[async_trait]
pub trait WithStaged: Send + Sync {
    /// Writes rows for `events`, of which there is at least one.
    ///
    /// # Errors
    ///
    /// Whatever keeps them from being written; the transaction is rolled back then.
    async fn staged(&self, tx: &UnitOfWork, events: &[&StagedEvent]) -> Result<(), DatabaseError>;
}

/// Those who are registered.
#[derive(Default)]
pub(crate) struct Writers(RwLock<Arc<[Arc<dyn WithStaged>]>>);

impl Writers {
    pub(crate) fn add(&self, writer: Arc<dyn WithStaged>) {
        let mut writers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *writers = writers.iter().cloned().chain([writer]).collect();
    }

    fn all(&self) -> Arc<[Arc<dyn WithStaged>]> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has all of them write, in the order in which they were registered.
    pub(crate) async fn write(
        &self,
        tx: &UnitOfWork,
        events: &[StagedEvent],
    ) -> Result<(), DatabaseError> {
        let writers = self.all();
        if writers.is_empty() {
            return Ok(());
        }
        let events: Vec<_> = events.iter().filter(|event| event.group.is_none()).collect();
        if events.is_empty() {
            return Ok(());
        }
        for writer in writers.iter() {
            writer.staged(tx, &events).await?;
        }
        Ok(())
    }
}

impl fmt::Debug for Writers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writers").field(&self.all().len()).finish()
    }
}
