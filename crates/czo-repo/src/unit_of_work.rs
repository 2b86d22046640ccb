//! Several reads and writes that happen together or not at all.

mod before_commit;
pub(crate) mod collision;

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, IsolationLevel, SqliteTransactionMode,
    TransactionOptions as SeaOptions, TransactionTrait,
};
use tokio::sync::RwLock;
use tracing::Instrument;

pub use self::before_commit::BeforeCommit;
use self::before_commit::Collected;
use crate::database::Turn;
use crate::environment::Environment;
use crate::{Database, DatabaseError, backoff};

/// How a transaction runs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TransactionOptions {
    /// What others' writes it may see. Default: what the database does by default, which is
    /// `READ COMMITTED` on PostgreSQL. SQLite is always serializable.
    pub isolation: Option<IsolationLevel>,
    /// How often it is tried at most when it collides with another. Default 5.
    pub attempts: u32,
    /// How long to wait before the second attempt, at most; each wait is twice the one before, up
    /// to 100 ms, and a random part of it is taken. Default 10 ms.
    pub backoff: Duration,
}

impl Default for TransactionOptions {
    fn default() -> Self {
        Self { isolation: None, attempts: 5, backoff: Duration::from_millis(10) }
    }
}

impl TransactionOptions {
    /// As if transactions came one after the other.
    #[must_use]
    pub fn serializable() -> Self {
        Self { isolation: Some(IsolationLevel::Serializable), ..Self::default() }
    }

    /// All that is read is of one moment, that of the first read (`REPEATABLE READ` on PostgreSQL).
    #[must_use]
    pub fn snapshot() -> Self {
        Self { isolation: Some(IsolationLevel::RepeatableRead), ..Self::default() }
    }

    /// Tries this often at most, at least once.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }
}

/// What is done once everything is committed.
struct Callback {
    work: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Also when it is not known whether it is: the commit failed.
    even_in_doubt: bool,
}

type Callbacks = Arc<Mutex<Vec<Callback>>>;

/// A transaction under way: what runs on it happens together or not at all.
///
/// Made by [`Database::transaction`]. It derefs to SeaORM's [`DatabaseTransaction`], which plain
/// SeaORM statements run on. **One thing at a time**: await each write before the next, reads too
/// while something is written. On PostgreSQL a statement that fails ends the whole transaction,
/// whatever its caller makes of the error: [`commit`](Self::commit) then refuses. What may fail
/// belongs into [`transaction`](Self::transaction), which undoes only itself.
///
/// All that repositories write in it bears the time it began. Dropped without an end, by a panic
/// or because the caller has gone, it is rolled back.
pub struct UnitOfWork {
    transaction: DatabaseTransaction,
    environment: Environment,
    callbacks: Callbacks,
    collected: Arc<Mutex<Collected>>,
    /// Of the unit that this is a savepoint in.
    outer: Option<Outer>,
    turn: Turn,
    state: State,
}

/// Where a savepoint leaves what is to be done at the end.
struct Outer {
    callbacks: Callbacks,
    collected: Arc<Mutex<Collected>>,
}

/// What a unit knows of itself beyond SeaORM's transaction.
#[derive(Clone, Debug, Default)]
struct State {
    /// Whether a savepoint was not set, or may not have been: then SeaORM and sqlx have rolled
    /// back more than that, and what follows would be in no transaction at all. Shared with the
    /// savepoints.
    lost: Arc<AtomicBool>,
    /// Held shared by single statements, exclusively by a savepoint: savepoints are named by
    /// their depth, so two side by side would undo each other.
    level: Arc<RwLock<()>>,
}

impl fmt::Debug for UnitOfWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnitOfWork").field("nested", &self.outer.is_some()).finish_non_exhaustive()
    }
}

impl Deref for UnitOfWork {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.transaction
    }
}

impl Database {
    /// Runs `work` in one transaction: commits when it returns `Ok`, rolls back when it returns
    /// `Err`, panics or is dropped.
    ///
    /// When it collides with another transaction (serialization failure, deadlock, a writer of
    /// another process in SQLite's way), it is rolled back and **run again**, five times at most,
    /// with a random pause in between: what `work` does outside of the database it may do several
    /// times; put that into [`UnitOfWork::after_commit`]. Each attempt runs a clone of `work`, so
    /// it captures by reference, or what can be cloned.
    ///
    /// ```
    /// # use czo_repo::{Database, DatabaseError};
    /// # use sea_orm::ConnectionTrait;
    /// # async fn example(database: Database) -> Result<(), DatabaseError> {
    /// database
    ///     .transaction(async |tx| {
    ///         tx.execute_unprepared("UPDATE account SET balance = balance - 5 WHERE id = 1").await?;
    ///         tx.execute_unprepared("UPDATE account SET balance = balance + 5 WHERE id = 2").await?;
    ///         tx.after_commit(async { println!("moved") });
    ///         Ok(())
    ///     })
    ///     .await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What `work` returns, and what starting and committing does. A collision is one after the
    /// last attempt only.
    pub async fn transaction<T, E>(
        &self,
        work: impl AsyncFnOnce(&UnitOfWork) -> Result<T, E> + Clone,
    ) -> Result<T, E>
    where
        E: Error + From<DatabaseError> + 'static,
    {
        self.transaction_with(TransactionOptions::default(), work).await
    }

    /// As [`transaction`](Self::transaction), with options of your own.
    ///
    /// # Errors
    ///
    /// As [`transaction`](Self::transaction).
    pub async fn transaction_with<T, E>(
        &self,
        options: TransactionOptions,
        work: impl AsyncFnOnce(&UnitOfWork) -> Result<T, E> + Clone,
    ) -> Result<T, E>
    where
        E: Error + From<DatabaseError> + 'static,
    {
        let mut attempt = 1;
        loop {
            let outcome = match UnitOfWork::begin_with(self, &options).await {
                Ok(unit) => {
                    let outcome = work.clone()(&unit).await;
                    unit.end(outcome).await
                }
                Err(error) => Err(error.into()),
            };
            match outcome {
                Err(error) if attempt < options.attempts && collision::is_collision(&error) => {
                    tracing::debug!(attempt, "a transaction collided with another");
                    backoff::pause(options.backoff, attempt).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }
}

impl UnitOfWork {
    pub(crate) async fn begin_with(
        database: &Database,
        options: &TransactionOptions,
    ) -> Result<Self, DatabaseError> {
        let sqlite = database.is_sqlite();
        let options = SeaOptions {
            isolation_level: options.isolation.filter(|_| !sqlite),
            // The write lock at once: who reads first and writes later fails when another writer
            // comes in between.
            sqlite_transaction_mode: sqlite.then_some(SqliteTransactionMode::Immediate),
            ..SeaOptions::default()
        };
        let turn = database.turn().await?;
        let transaction = database.writer().begin_with_options(options).await?;
        Ok(Self {
            transaction,
            environment: database.environment().at_one_moment(),
            callbacks: Callbacks::default(),
            collected: Arc::default(),
            outer: None,
            turn,
            state: State::default(),
        })
    }

    pub(crate) async fn savepoint(&self) -> Result<Self, DatabaseError> {
        self.check()?;
        let level = self.state.level.clone().try_write_owned();
        let level = level.map_err(|_| DatabaseError::InUse)?;
        // Until it is known to be set: this may fail, or be given up at its await.
        self.state.lost.store(true, Ordering::SeqCst);
        let transaction = self.transaction.begin().await?;
        self.state.lost.store(false, Ordering::SeqCst);
        Ok(Self {
            transaction,
            environment: self.environment.clone(),
            callbacks: Callbacks::default(),
            collected: Arc::default(),
            outer: Some(Outer {
                callbacks: self.callbacks.clone(),
                collected: self.collected.clone(),
            }),
            turn: Turn::of_savepoint(level),
            state: State { lost: self.state.lost.clone(), level: Arc::default() },
        })
    }

    /// The turn to run one statement.
    pub(crate) fn statement(&self) -> Result<Turn, DatabaseError> {
        self.check()?;
        let level = self.state.level.clone().try_read_owned();
        level.map(Turn::of_statement).map_err(|_| DatabaseError::InUse)
    }

    fn check(&self) -> Result<(), DatabaseError> {
        if self.state.lost.load(Ordering::SeqCst) { Err(DatabaseError::Aborted) } else { Ok(()) }
    }

    /// Runs `work` behind a savepoint: when it fails, what it did is undone and the transaction
    /// goes on. It is not tried again by itself; a collision ends the whole transaction.
    ///
    /// # Errors
    ///
    /// What `work` returns, and what the savepoint does.
    pub async fn transaction<T, E>(
        &self,
        work: impl AsyncFnOnce(&UnitOfWork) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: Error + From<DatabaseError> + 'static,
    {
        let unit = self.savepoint().await?;
        let outcome = work(&unit).await;
        unit.end(outcome).await
    }

    /// Runs `callback` once everything is committed, after those that were handed in before it;
    /// never when the transaction, or the savepoint this was called in, is rolled back.
    ///
    /// Commit and callbacks are a task of their own, which ends also when the caller has gone
    /// meanwhile. **Limit**: a process that dies between the two does not run them.
    pub fn after_commit(&self, callback: impl Future<Output = ()> + Send + 'static) {
        let work = Box::pin(callback.in_current_span());
        lock(&self.callbacks).push(Callback { work, even_in_doubt: false });
    }

    /// The same for what must be done if anything may have been committed, such as forgetting what
    /// a cache has: also when the commit failed, after which that is not known.
    pub fn unless_rolled_back(&self, callback: impl Future<Output = ()> + Send + 'static) {
        let work = Box::pin(callback.in_current_span());
        lock(&self.callbacks).push(Callback { work, even_in_doubt: true });
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Commits what went well, undoes what did not.
    pub(crate) async fn end<T, E: From<DatabaseError>>(
        self,
        outcome: Result<T, E>,
    ) -> Result<T, E> {
        match outcome {
            Ok(value) => Box::pin(self.commit()).await.map(|()| value).map_err(E::from),
            Err(error) => {
                // The next writer's turn comes when this one has ended.
                let _turn = self.turn;
                if let Err(lost) = self.transaction.rollback().await {
                    // The server rolls back by itself; the first error is the one to be told.
                    tracing::debug!(error = %lost, "a transaction could not be rolled back");
                }
                Err(error)
            }
        }
    }

    /// Writes what was [collected](Self::before_commit), commits, and runs what waits for that.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Aborted`] when a statement had failed, on PostgreSQL, which then keeps
    /// nothing; and when the database fails.
    pub async fn commit(self) -> Result<(), DatabaseError> {
        self.check()?;
        if let Some(outer) = &self.outer {
            self.transaction.commit().await?;
            std::mem::take(&mut *lock(&self.collected)).move_to(&mut lock(&outer.collected));
            lock(&outer.callbacks).append(&mut lock(&self.callbacks));
            return Ok(());
        }
        if let Err(error) = self.write_collected().await {
            return self.end(Err(error)).await;
        }
        let callbacks = std::mem::take(&mut *lock(&self.callbacks));
        let (transaction, turn) = (self.transaction, self.turn);
        if callbacks.is_empty() {
            return Ok(transaction.commit().await?);
        }
        let finish = async move {
            let committed = transaction.commit().await;
            drop(turn);
            let is_due = |callback: &Callback| committed.is_ok() || callback.even_in_doubt;
            for callback in callbacks.into_iter().filter(is_due) {
                // One that panics, which the panic hook reports, takes neither the others with
                // it nor the caller, whose write stands.
                let _ = AssertUnwindSafe(callback.work).catch_unwind().await;
            }
            Ok(committed?)
        };
        let finished = tokio::spawn(finish.in_current_span()).await;
        finished.unwrap_or(Err(DatabaseError::Interrupted))
    }

    /// Writes what was collected, and sees whether the transaction still stands.
    ///
    /// PostgreSQL answers a COMMIT after a failure with a ROLLBACK, which sqlx takes for success.
    /// A statement before it says what is the case.
    async fn write_collected(&self) -> Result<(), DatabaseError> {
        let mut collected = std::mem::take(&mut *lock(&self.collected));
        if collected.is_empty() {
            return match self.transaction.get_database_backend() {
                DbBackend::Postgres => {
                    let stands = self.transaction.execute_unprepared("SELECT 1").await;
                    stands.map(drop).map_err(|_| DatabaseError::Aborted)
                }
                _ => Ok(()),
            };
        }
        // What is written may itself have something collected.
        while !collected.is_empty() {
            collected.flush(self).await.map_err(DatabaseError::or_aborted)?;
            collected = std::mem::take(&mut *lock(&self.collected));
        }
        Ok(())
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
