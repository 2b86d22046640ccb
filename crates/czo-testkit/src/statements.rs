//! Counts the statements that a test runs.

use std::sync::{Arc, Mutex, PoisonError};

/// The statements that a [`TestDatabase`](crate::TestDatabase) has run, transaction control
/// (`BEGIN`, `COMMIT`, savepoints) not counted, nor notifications of PostgreSQL, which go out at
/// some time of their own.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    run: Arc<Mutex<Vec<String>>>,
}

impl Statements {
    pub(crate) fn record(&self, sql: &str) {
        if sql.starts_with("SELECT pg_notify(") {
            return;
        }
        self.run.lock().unwrap_or_else(PoisonError::into_inner).push(sql.to_owned());
    }

    /// The statements since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.run.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Fails when a block runs more (or other than) so many statements, and lists them. The value of
/// the block is the value of the macro.
///
/// ```
/// # use czo_testkit::{TestDatabase, assert_queries};
/// # use sea_orm::ConnectionTrait;
/// # async fn example(database: TestDatabase) -> Result<(), sea_orm::DbErr> {
/// assert_queries!(database, <= 2, { database.execute_unprepared("SELECT 1").await? });
/// # Ok(()) }
/// ```
#[macro_export]
macro_rules! assert_queries {
    ($database:expr, $op:tt $bound:expr, $block:block) => {{
        let _ = $database.statements().take();
        let value = $block;
        let statements = $database.statements().take();
        assert!(
            statements.len() $op $bound,
            "expected {} {} statements, but {} ran:\n{}",
            stringify!($op),
            $bound,
            statements.len(),
            statements.join("\n"),
        );
        value
    }};
}
