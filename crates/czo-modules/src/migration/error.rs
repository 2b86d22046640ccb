//! Why a migration of a module is refused, or failed.

use std::fmt;

use czo_core::{Classified, ErrorKind};
use czo_repo::DatabaseError;
use thiserror::Error;

use crate::SqlRefusal;

/// Whether a migration is applied or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Applied.
    Up,
    /// Taken back.
    Down,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Down => "down",
        })
    }
}

/// Why a migration of a module is refused, or failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModuleMigrationError {
    /// A file has another name.
    #[error(
        "`{path}` is no name of a migration: expected `<nnnn>_<name>.up.sql` or `.down.sql`, with `.sqlite` or `.postgres` before that where the databases differ; the number is at least 1, the name has small letters, digits and underscores"
    )]
    FileName {
        /// The file.
        path: String,
    },
    /// Two files are for the same.
    #[error("`{path}` is there twice: a number belongs to one migration")]
    Twice {
        /// The file.
        path: String,
    },
    /// A file is missing.
    #[error("`{name}` has no file to take it {direction}, for {database}")]
    Missing {
        /// The migration.
        name: String,
        /// What is missing.
        direction: Direction,
        /// For which database.
        database: &'static str,
    },
    /// A statement is refused.
    #[error("`{path}` is refused")]
    Refused {
        /// The file.
        path: String,
        /// Why.
        source: SqlRefusal,
    },
    /// A migration that is applied is another now.
    #[error(
        "`{name}` was changed after it was applied: take the change back, and write another migration for it"
    )]
    Changed {
        /// The migration.
        name: String,
    },
    /// What is applied is not in the package.
    #[error("`{name}` is applied, but not among these migrations: take it back first")]
    Unknown {
        /// The migration.
        name: String,
    },
    /// A new migration comes before one that is applied.
    #[error("`{name}` comes before what is applied already: give it a higher number")]
    OutOfOrder {
        /// The migration.
        name: String,
    },
    /// A migration failed in a scratch place; nothing has happened.
    #[error("`{name}` failed when it was rehearsed, {direction}: {message}")]
    Rehearsal {
        /// The migration.
        name: String,
        /// When.
        direction: Direction,
        /// What the database said.
        message: String,
    },
    /// Taken back in a scratch place, the migrations left something.
    #[error("taken back, the migrations leave {}: `down` must undo what `up` did", tables.join(", "))]
    NotUndone {
        /// What they left.
        tables: Vec<String>,
    },
    /// A migration failed; the tables are as before it.
    #[error("`{name}` failed, {direction}; the tables are as before it")]
    Failed {
        /// The migration.
        name: String,
        /// When.
        direction: Direction,
        /// Why.
        source: DatabaseError,
    },
}

impl Classified for ModuleMigrationError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Failed { source, .. } if source.is_retryable() => ErrorKind::Unavailable,
            _ => ErrorKind::Invalid,
        }
    }
}
