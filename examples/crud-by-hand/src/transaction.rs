//! Transactions that are run again when they collide with another.

use std::time::Duration;

use czo_repo::DatabaseError;
use sea_orm::{
    DatabaseTransaction, DbErr, IsolationLevel, RuntimeErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

use crate::{Products, StoreError};

/// Serialization failure and deadlock (PostgreSQL, appendix A: 40001, 40P01); busy and busy
/// snapshot (SQLite's result codes 5 and 517).
const COLLISIONS: [&str; 4] = ["40001", "40P01", "5", "517"];

/// Waits for the next attempt start here and grow no longer than this.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// How a transaction runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempts {
    pub(crate) isolation: Option<IsolationLevel>,
    pub(crate) most: u32,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { isolation: None, most: 5 }
    }
}

impl Products {
    /// Runs `work` in one transaction, which is committed when it returns `Ok` and rolled back
    /// when it returns `Err`, panics or is dropped. When it collides with another it is run again.
    pub(crate) async fn transaction<T>(
        &self,
        attempts: Attempts,
        work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, StoreError> + Clone,
    ) -> Result<T, StoreError> {
        let mut attempt = 1;
        loop {
            match self.attempt(attempts.isolation, work.clone()).await {
                Err(error) if attempt < attempts.most && is_collision(&error) => {
                    tracing::debug!(attempt, "a transaction collided with another");
                    pause(attempt).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn attempt<T>(
        &self,
        isolation: Option<IsolationLevel>,
        work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let sqlite = self.db.is_sqlite();
        let options = TransactionOptions {
            isolation_level: isolation.filter(|_| !sqlite),
            // The write lock at once: who reads first and writes later fails when another writer
            // comes in between.
            sqlite_transaction_mode: sqlite.then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let tx = self.db.begin_with_options(options).await?;
        match work(&tx).await {
            Ok(value) => {
                tx.commit().await?;
                Ok(value)
            }
            Err(error) => {
                if let Err(lost) = tx.rollback().await {
                    // The server rolls back by itself; the first error is the one to be told.
                    tracing::debug!(error = %lost, "a transaction could not be rolled back");
                }
                Err(error)
            }
        }
    }
}

fn is_collision(error: &StoreError) -> bool {
    let StoreError::Database(DatabaseError::Statement(error)) = error else { return false };
    let (DbErr::Conn(RuntimeErr::SqlxError(driver))
    | DbErr::Exec(RuntimeErr::SqlxError(driver))
    | DbErr::Query(RuntimeErr::SqlxError(driver))) = &**error
    else {
        return false;
    };
    let code = driver.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| COLLISIONS.contains(&&*code))
}

/// Waits a random part of a time that doubles with each attempt.
async fn pause(attempt: u32) {
    let longest = FIRST_PAUSE.saturating_mul(1 << attempt.min(16)).min(LONGEST_PAUSE);
    let [random, ..] = uuid::Uuid::new_v4().into_bytes();
    tokio::time::sleep(longest.mul_f64(f64::from(random) / 255.0)).await;
}
