//! Whose turn it is to write to SQLite.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard};

use super::SQLITE_BUSY_TIMEOUT;
use crate::DatabaseError;

/// Lets the writers of this process take turns, first come, first served.
///
/// SQLite has one writer at a time. Left to itself, each other one sleeps, tries again, sleeps
/// longer, and with bad luck gives up while those who came later had their turn.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Option<Arc<Mutex<()>>>);

/// The turn of one writer, until it is dropped.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "it is held")] Guard);

#[derive(Debug)]
#[expect(dead_code, reason = "they are held")]
enum Guard {
    /// PostgreSQL has as many writers as there are connections.
    None,
    /// SQLite's one writer.
    Writer(OwnedMutexGuard<()>),
    /// One statement of a unit of work.
    Statement(OwnedRwLockReadGuard<()>),
    /// A savepoint of a unit of work, and all that runs behind it.
    Savepoint(OwnedRwLockWriteGuard<()>),
}

/// The turn of a writer on a connection that is not the database's, until it is dropped; see
/// [`Database::writer_turn`](crate::Database::writer_turn).
#[derive(Debug)]
#[must_use]
pub struct WriterTurn(#[expect(dead_code, reason = "it is held")] Turn);

impl From<Turn> for WriterTurn {
    fn from(turn: Turn) -> Self {
        Self(turn)
    }
}

impl Turn {
    pub(crate) fn of_statement(level: OwnedRwLockReadGuard<()>) -> Self {
        Self(Guard::Statement(level))
    }

    pub(crate) fn of_savepoint(level: OwnedRwLockWriteGuard<()>) -> Self {
        Self(Guard::Savepoint(level))
    }
}

impl Turns {
    pub(super) fn one_at_a_time() -> Self {
        Self(Some(Arc::default()))
    }

    /// Waits for its turn, as long as SQLite would.
    pub(super) async fn take(&self) -> Result<Turn, DatabaseError> {
        let Some(turns) = &self.0 else { return Ok(Turn(Guard::None)) };
        match tokio::time::timeout(SQLITE_BUSY_TIMEOUT, turns.clone().lock_owned()).await {
            Ok(guard) => Ok(Turn(Guard::Writer(guard))),
            Err(_) => Err(DatabaseError::Busy),
        }
    }
}
