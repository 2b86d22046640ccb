//! What PostgreSQL and SQLite say differently.

use sea_orm::{DbBackend, Statement, Value};

/// What PostgreSQL and SQLite say differently. Parameters are `$1`, `$2`, … on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Postgres,
    Sqlite,
}

impl Dialect {
    pub(crate) fn of(is_sqlite: bool) -> Self {
        if is_sqlite { Self::Sqlite } else { Self::Postgres }
    }

    pub(crate) fn backend(self) -> DbBackend {
        match self {
            Self::Postgres => DbBackend::Postgres,
            Self::Sqlite => DbBackend::Sqlite,
        }
    }

    /// Now, in milliseconds. It does not change within a statement.
    pub(crate) fn now(self) -> &'static str {
        match self {
            Self::Postgres => "(extract(epoch FROM statement_timestamp()) * 1000)::bigint",
            Self::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        }
    }

    /// Behind a query for rows to be changed.
    pub(crate) fn for_update(self) -> &'static str {
        match self {
            Self::Postgres => "FOR UPDATE",
            Self::Sqlite => "",
        }
    }

    /// Behind a query for rows to be changed: not those that another statement changes now.
    pub(crate) fn skip_locked(self) -> &'static str {
        match self {
            Self::Postgres => "FOR UPDATE SKIP LOCKED",
            Self::Sqlite => "",
        }
    }

    /// A statement in which `{now}` stands for [`now`](Self::now).
    pub(crate) fn statement(self, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
        let sql = sql.replace("{now}", self.now());
        Statement::from_sql_and_values(self.backend(), sql, values)
    }
}
