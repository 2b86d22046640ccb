//! Statements of modules: looked at, and run.

pub(crate) mod check;
mod depth;
mod dialect;
mod failure;
mod functions;
mod postgres;
mod refusal;
mod sqlite;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use czo_module_package::ModuleName;
use czo_repo::Database;
use quick_cache::sync::Cache;

use self::check::{Checked, check};
pub use self::refusal::SqlRefusal;
use self::sqlite::SqliteStatements;
pub(crate) use self::sqlite::{limits as sqlite_limits, value as sqlite_value};
use crate::store::dialect::Dialect;
use crate::{CallScope, HostError, ModuleSql, SqlRows, SqlStatement, SqlValue};

/// The most rows that an answer has.
const MAX_ROWS: usize = 10_000;

/// The most bytes that the values of an answer have together.
const MAX_BYTES: usize = 8 << 20;

/// The most statements of a batch.
const MAX_BATCH: usize = 100;

/// How long the statements of one call may take together.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How many statements that were looked at are remembered.
const REMEMBERED: usize = 2_000;

/// Statements of modules on their own tables, in SQLite or PostgreSQL.
///
/// **Guarantee.** A statement is parsed, everything in it is looked at, and what is executed is
/// written anew from that. What is not known to be harmless is refused, with the reason: only
/// `SELECT`, `INSERT`, `UPDATE` and `DELETE`; only tables that begin with the module's prefix; no
/// schema, no column of the database's own; only functions, operators and types that read nothing but
/// their arguments and the time. Names are in quotes in what is executed, so that none is a word of
/// the language; without quotes their letters are small ones, as in PostgreSQL.
///
/// **Values.** `?` stands for a value, in the order of the text. On PostgreSQL a value becomes what
/// the statement needs there, null as well: an integer any whole number, `real` or `numeric`; a text
/// any text, `uuid`, JSON, `date`, `time` or timestamp (RFC 3339). It is [`Invalid`] where it does not
/// fit; where the statement does not say what it needs, that is text: `CAST(? AS bigint)` says it.
/// On SQLite a value is what it is, as always there.
///
/// **Answers.** `numeric` without decimals is an integer where it fits, as the sum of whole numbers
/// is; any other is text. Times with a zone are text in RFC 3339, in UTC; `date`, `time` and
/// timestamps without a zone are text as in ISO 8601; JSON and `uuid` are text. Types beyond those,
/// such as arrays and intervals, are to be converted to text.
///
/// **Limits.** 10,000 rows and 8 MiB an answer, 100 statements a batch, 5 s a call, on SQLite 16 MiB a
/// value. A statement that takes longer is stopped by the database. On PostgreSQL the memory that a
/// statement needs while it runs is bounded by the server's own settings only.
///
/// [`Invalid`]: HostError::Invalid
#[derive(Clone)]
pub struct GuardedSql {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    dialect: Dialect,
    /// What SQLite's statements run on: connections of their own, with limits of their own.
    sqlite: Option<SqliteStatements>,
    checked: Cache<(ModuleName, String), Arc<Checked>>,
}

/// A statement to be run.
struct Task {
    checked: Arc<Checked>,
    values: Vec<SqlValue>,
}

impl GuardedSql {
    /// Statements on this database.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        let shared = Shared {
            database: database.clone(),
            dialect: Dialect::of(database.is_sqlite()),
            sqlite: SqliteStatements::of(database),
            checked: Cache::new(REMEMBERED),
        };
        Self { shared: Arc::new(shared) }
    }

    /// What a statement would be run as, or why it would not be.
    ///
    /// # Errors
    ///
    /// The reason.
    pub fn explain(&self, module: &ModuleName, text: &str) -> Result<String, SqlRefusal> {
        check(self.shared.dialect, &module.table_prefix(), text).map(|checked| checked.text)
    }

    fn task(&self, scope: &CallScope, statement: SqlStatement) -> Result<Task, HostError> {
        let SqlStatement { text, values } = statement;
        let key = (scope.module.clone(), text);
        let checked = match self.shared.checked.get(&key) {
            Some(checked) => checked,
            None => {
                let prefix = scope.module.table_prefix();
                let checked = Arc::new(check(self.shared.dialect, &prefix, &key.1)?);
                self.shared.checked.insert(key, checked.clone());
                checked
            }
        };
        let (expected, found) = (checked.placeholders, values.len());
        if expected != found {
            return Err(SqlRefusal::Values { expected, found }.into());
        }
        Ok(Task { checked, values })
    }

    async fn change(&self, tasks: &[Task]) -> Result<Vec<u64>, HostError> {
        match &self.shared.sqlite {
            Some(sqlite) => sqlite.change(&self.shared.database, tasks).await,
            None => postgres::change(&self.shared.database, tasks).await,
        }
    }
}

impl From<SqlRefusal> for HostError {
    fn from(refusal: SqlRefusal) -> Self {
        Self::Invalid(refusal.to_string())
    }
}

#[async_trait]
impl ModuleSql for GuardedSql {
    async fn query(
        &self,
        scope: &CallScope,
        statement: SqlStatement,
    ) -> Result<SqlRows, HostError> {
        let task = self.task(scope, statement)?;
        match &self.shared.sqlite {
            Some(sqlite) => sqlite.query(&self.shared.database, &task).await,
            None => postgres::query(&self.shared.database, &task).await,
        }
    }

    async fn execute(&self, scope: &CallScope, statement: SqlStatement) -> Result<u64, HostError> {
        let task = self.task(scope, statement)?;
        let changed = self.change(&[task]).await?;
        Ok(changed.first().copied().unwrap_or_default())
    }

    async fn batch(
        &self,
        scope: &CallScope,
        statements: Vec<SqlStatement>,
    ) -> Result<Vec<u64>, HostError> {
        if statements.len() > MAX_BATCH {
            let found = statements.len();
            return Err(HostError::Limit(format!(
                "a batch has at most {MAX_BATCH} statements, this one has {found}"
            )));
        }
        let tasks: Result<Vec<_>, _> =
            statements.into_iter().map(|statement| self.task(scope, statement)).collect();
        self.change(&tasks?).await
    }
}

impl fmt::Debug for GuardedSql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedSql").field("database", self.shared.database.url()).finish()
    }
}
