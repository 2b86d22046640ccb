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
    message: String,
}

impl UniqueViolation {
    /// Whether the index called `index` was violated. SQLite names its columns instead, of which
    /// `column` (`table.column`) must be one that no other unique index of the table has.
    #[must_use]
    pub fn is_of(&self, index: &str, column: &str) -> bool {
        let quoted = self.message.split('"').nth(1);
        let mut columns = self.message.rsplit(": ").next().unwrap_or_default().split(", ");
        quoted == Some(index) || columns.any(|violated| violated == column)
    }
}

impl DatabaseError {
    /// The unique value that was taken, if that is what went wrong.
    #[must_use]
    pub fn unique_violation(&self) -> Option<UniqueViolation> {
        let (Self::Statement(error)
        | Self::File { source: error, .. }
        | Self::Unreachable { source: error, .. }) = self;
        match error.sql_err()? {
            SqlErr::UniqueConstraintViolation(message) => Some(UniqueViolation { message }),
            _ => None,
        }
    }

    /// What the driver said.
    fn driver(&self) -> Option<&sqlx::Error> {
        let Self::Statement(error) = self else { return None };
        match &**error {
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
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

    /// SQLSTATE of PostgreSQL or the extended result code of SQLite.
    fn code(&self) -> Option<String> {
        self.driver()?.as_database_error()?.code().map(|code| code.into_owned())
    }
}

impl Classified for DatabaseError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File { .. } | Self::Unreachable { .. } => ErrorKind::Unavailable,
            Self::Statement(_) if self.is_retryable() => ErrorKind::Unavailable,
            Self::Statement(_) => ErrorKind::Internal,
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
        matches!(self, Self::Unreachable { .. })
            || self.lost_connection()
            || may_pass.contains(&code)
            || (code.len() == 5 && code.starts_with("08"))
    }
}
