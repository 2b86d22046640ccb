//! What can go wrong with a database.

use czo_core::{Classified, ErrorKind};
use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};
use thiserror::Error;

use crate::DatabaseUrl;

/// What can go wrong with a database.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The embedded database's file can't be opened.
    #[error(
        "the database file {} cannot be opened: check that its folder exists and may be written, that it is a SQLite database, and that `database.url` names the right file",
        url.sqlite_path().unwrap_or(std::path::Path::new("?")).display()
    )]
    File {
        /// Where it was looked for.
        url: DatabaseUrl,
        /// What SQLite said.
        source: Box<DbErr>,
    },
    /// PostgreSQL does not answer, or does not let us in.
    #[error(
        "{url} cannot be reached: check that PostgreSQL runs there and that `database.url` has the right user, password and database"
    )]
    Unreachable {
        /// Where it was looked for.
        url: DatabaseUrl,
        /// What the driver said.
        source: Box<DbErr>,
    },
    /// SQLite's one writer did not finish in five seconds.
    #[error(
        "another write to the embedded database takes too long: keep transactions short, and within one use it for everything"
    )]
    Busy,
    /// A statement of the transaction failed before, so nothing of it was kept.
    #[error(
        "nothing was committed: a statement of the transaction had failed; what may fail belongs into `tx.transaction(…)`, which undoes only itself"
    )]
    Aborted,
    /// Two writes at once on one unit of work.
    #[error(
        "a unit of work does one thing at a time: await each write before the next, and within `tx.transaction(…)` use the unit that it hands in"
    )]
    InUse,
    /// The process ends before a commit was answered; whether it stands is unknown.
    #[error("the process is ending, and the transaction may not have been committed")]
    Interrupted,
    /// The database did not answer in the time it was given; what the statement did is unknown.
    #[error("the database did not answer in time: check that it runs and can be reached")]
    Unanswered,
    /// A statement failed.
    #[error("the database did not do what was asked")]
    Statement(#[source] Box<DbErr>),
}

impl From<DbErr> for DatabaseError {
    fn from(error: DbErr) -> Self {
        Self::Statement(Box::new(error))
    }
}

/// A value that must be unique is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniqueViolation {
    columns: Vec<String>,
}

/// What the driver said.
pub(crate) fn driver(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// The columns whose values together were there already. PostgreSQL names them in its detail,
/// `Key (shop_id, handle)=(…) already exists.`, in whatever language; SQLite in its message,
/// `UNIQUE constraint failed: product.shop_id, product.handle`.
fn violated_columns(error: &dyn sqlx::error::DatabaseError, message: &str) -> Vec<String> {
    let postgres = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>();
    let list = match postgres {
        Some(error) => error
            .detail()
            .and_then(|detail| detail.split_once(")=("))
            .and_then(|(key, _)| key.split_once('('))
            .map_or("", |(_, columns)| columns),
        None => message.rsplit(": ").next().unwrap_or_default(),
    };
    let bare = |name: &str| name.rsplit('.').next().unwrap_or(name).trim_matches('"').to_owned();
    let names: Vec<_> = list.split(", ").filter(|name| !name.is_empty()).map(bare).collect();
    // `lower(slug` or `index 'name'`: an expression is unique, not columns.
    let is_expression = |name: &String| name.contains(['(', ' ', '\'']);
    if names.iter().any(is_expression) { Vec::new() } else { names }
}

impl UniqueViolation {
    /// The columns whose values together were there already; empty where an expression is unique.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}

impl DatabaseError {
    /// The unique value that was taken, if that is what went wrong.
    #[must_use]
    pub fn unique_violation(&self) -> Option<UniqueViolation> {
        let Self::Statement(error) = self else { return None };
        let SqlErr::UniqueConstraintViolation(message) = error.sql_err()? else { return None };
        let columns = violated_columns(self.driver()?.as_database_error()?, &message);
        Some(UniqueViolation { columns })
    }

    /// What the driver said.
    pub(crate) fn driver(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Statement(error) => driver(error),
            _ => None,
        }
    }

    /// Whether the connection was lost or not to be had. What the statement did is then unknown.
    fn lost_connection(&self) -> bool {
        let lost = matches!(
            self.driver(),
            Some(
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            )
        );
        lost || matches!(self, Self::Statement(error) if matches!(**error, DbErr::ConnectionAcquire(_)))
    }

    /// Says it in our words when a statement failed because one before it had (PostgreSQL's 25P02).
    pub(crate) fn or_aborted(self) -> Self {
        if self.code().as_deref() == Some("25P02") { Self::Aborted } else { self }
    }

    /// SQLSTATE of PostgreSQL or the extended result code of SQLite.
    fn code(&self) -> Option<String> {
        self.driver()?.as_database_error()?.code().map(|code| code.into_owned())
    }
}

impl Classified for DatabaseError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File { .. }
            | Self::Unreachable { .. }
            | Self::Interrupted
            | Self::Busy
            | Self::Unanswered => ErrorKind::Unavailable,
            Self::Statement(_) if self.is_retryable() => ErrorKind::Unavailable,
            Self::Statement(_) | Self::Aborted | Self::InUse => ErrorKind::Internal,
        }
    }

    /// A whole transaction may be tried again; after a lost connection it may have been done
    /// already.
    fn is_retryable(&self) -> bool {
        let code = self.code();
        let code = code.as_deref().unwrap_or_default();
        // Serialization failure, deadlock, too many connections, shutdown and start of the
        // server, broken connections (PostgreSQL, appendix A); busy and busy snapshot (SQLite).
        let may_pass = ["40001", "40P01", "53300", "57P01", "57P02", "57P03", "5", "517"];
        matches!(self, Self::Unreachable { .. } | Self::Busy | Self::Unanswered)
            || self.lost_connection()
            || may_pass.contains(&code)
            || (code.len() == 5 && code.starts_with("08"))
    }
}
