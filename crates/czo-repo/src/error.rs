//! What can go wrong with a database.

use czo_core::{Classified, ErrorKind};
use sea_orm::{DbErr, SqlErr};
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
    /// Whether the index of this name was violated, or, where the database names columns
    /// instead (SQLite), exactly this column together with others of its table.
    #[must_use]
    pub fn is_of(&self, index: &str, column: &str) -> bool {
        self.message.contains(index) || self.message.contains(column)
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

    /// SQLSTATE of PostgreSQL or the extended result code of SQLite.
    fn code(&self) -> Option<String> {
        let Self::Statement(error) = self else { return None };
        let (DbErr::Exec(sea_orm::RuntimeErr::SqlxError(error))
        | DbErr::Query(sea_orm::RuntimeErr::SqlxError(error))) = &**error
        else {
            return None;
        };
        error.as_database_error()?.code().map(|code| code.into_owned())
    }
}

impl Classified for DatabaseError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File { .. } | Self::Unreachable { .. } => ErrorKind::Unavailable,
            Self::Statement(error) => match &**error {
                DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => ErrorKind::Unavailable,
                _ if self.is_retryable() => ErrorKind::Unavailable,
                _ => ErrorKind::Internal,
            },
        }
    }

    fn is_retryable(&self) -> bool {
        if let Self::Statement(error) = self
            && matches!(**error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_))
        {
            return true;
        }
        // Serialization failure, deadlock, too many connections, administrator's shutdown
        // (PostgreSQL, appendix A); busy and busy snapshot (SQLite).
        matches!(self.code().as_deref(), Some("40001" | "40P01" | "53300" | "57P01" | "5" | "517"))
            || matches!(self, Self::Unreachable { .. })
    }
}
