//! What PostgreSQL and SQLite say differently.

use chrono::{DateTime, Utc};
use czo_repo::{Database, DatabaseError, UnitOfWork};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use serde::Serialize;
use uuid::Uuid;

/// The type of a column of [`Dialect::records`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Id,
    Integer,
    Text,
}

/// What PostgreSQL and SQLite say differently. Parameters are `$1`, `$2`, … on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Postgres,
    Sqlite,
}

/// PostgreSQL goes by the index whatever it believes of the table, and does not wait for the disk.
///
/// The table is nearly empty most of the time; plans made then are kept, and a hundred thousand
/// deliveries later read all of them for each batch. What is switched off and done all the same,
/// such as sorting a few rows, is reckoned so expensive that the plan would be compiled, which takes
/// a hundred times as long as running it. Nothing is lost without the disk: after a
/// crash what had left the table is there again, and is sent twice.
const BY_INDEX: &str = "\
SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off; \
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
SET LOCAL jit = off; SET LOCAL synchronous_commit = off";

impl Dialect {
    pub(crate) fn of(database: &Database) -> Self {
        if database.is_sqlite() { Self::Sqlite } else { Self::Postgres }
    }

    /// Now, in milliseconds. It does not change within a statement.
    pub(crate) fn now(self) -> &'static str {
        match self {
            Self::Postgres => "(extract(epoch FROM statement_timestamp()) * 1000)::bigint",
            Self::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        }
    }

    /// A table from a list of JSON objects, a parameter: any number of rows is one statement,
    /// prepared once.
    pub(crate) fn records(self, name: &str, columns: &[(&str, Kind)]) -> String {
        let column = |(column, kind): &(&str, Kind)| match (self, kind) {
            (Self::Postgres, Kind::Id) => format!("{column} uuid"),
            (Self::Postgres, Kind::Integer) => format!("{column} bigint"),
            (Self::Postgres, Kind::Text) => format!("{column} text"),
            (Self::Sqlite, Kind::Id) => format!("unhex(value ->> '{column}') AS {column}"),
            (Self::Sqlite, _) => format!("value ->> '{column}' AS {column}"),
        };
        let columns = columns.iter().map(column).collect::<Vec<_>>().join(", ");
        match self {
            Self::Postgres => format!("json_to_recordset($1::json) AS {name}({columns})"),
            Self::Sqlite => format!("(SELECT {columns} FROM json_each($1)) AS {name}"),
        }
    }

    /// The numbers of a list in JSON, the parameter `number`, as a query.
    pub(crate) fn numbers(self, number: usize) -> String {
        match self {
            Self::Postgres => {
                format!("SELECT value::bigint FROM json_array_elements_text(${number}::json)")
            }
            Self::Sqlite => format!("SELECT value FROM json_each(${number})"),
        }
    }

    /// The ids of a list in JSON, the parameter `number`, as a query.
    pub(crate) fn ids(self, number: usize) -> String {
        match self {
            Self::Postgres => {
                format!("SELECT value::uuid FROM json_array_elements_text(${number}::json)")
            }
            Self::Sqlite => format!("SELECT unhex(value) FROM json_each(${number})"),
        }
    }

    /// A new id, a UUIDv7, that begins with the sixteen hexadecimal digits of
    /// [`id_prefix`] in the parameter `number`.
    pub(crate) fn new_id(self, number: usize) -> String {
        match self {
            Self::Postgres => format!(
                "(${number}::text || '8' \
                 || substr(replace(gen_random_uuid()::text, '-', ''), 18, 15))::uuid"
            ),
            Self::Sqlite => {
                format!("unhex(${number} || '8' || substr(hex(randomblob(8)), 1, 15))")
            }
        }
    }

    /// A field of a column that has JSON text.
    pub(crate) fn field(self, column: &str, path: &[&str]) -> String {
        match self {
            Self::Postgres => format!("({column}::json #>> '{{{}}}')", path.join(",")),
            Self::Sqlite => format!("({column} ->> '$.{}')", path.join(".")),
        }
    }

    pub(crate) fn statement(
        self,
        sql: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Statement {
        let backend = match self {
            Self::Postgres => DbBackend::Postgres,
            Self::Sqlite => DbBackend::Sqlite,
        };
        Statement::from_sql_and_values(backend, sql, values)
    }

    /// Does `work` in a transaction that goes by the indexes.
    pub(crate) async fn write<T>(
        self,
        database: &Database,
        work: impl AsyncFnOnce(&UnitOfWork) -> Result<T, DatabaseError> + Clone,
    ) -> Result<T, DatabaseError> {
        database
            .transaction(async |tx| {
                if self == Self::Postgres {
                    tx.execute_unprepared(BY_INDEX).await?;
                }
                work(tx).await
            })
            .await
    }

    /// Runs one query that goes by the indexes.
    pub(crate) async fn read(
        self,
        database: &Database,
        query: Statement,
    ) -> Result<Vec<QueryResult>, DatabaseError> {
        if self == Self::Sqlite {
            return Ok(database.query_all_raw(query).await?);
        }
        let tx = database.begin().await?;
        tx.execute_unprepared(BY_INDEX).await?;
        // Nothing is written.
        Ok(tx.query_all_raw(query).await?)
    }
}

/// A list of records or numbers, as one parameter.
pub(crate) fn json(value: &impl Serialize) -> Value {
    let text = serde_json::to_string(value);
    Value::from(text.expect("texts and numbers have a JSON form"))
}

/// An id as both databases read it from JSON.
pub(crate) fn hexadecimal(id: impl Into<Uuid>) -> String {
    id.into().simple().to_string()
}

/// What the ids of a moment begin with: milliseconds, the version, and the part of a millisecond in
/// 4,096 parts (RFC 9562, method 3), so that ids sort by time, nearly.
pub(crate) fn id_prefix(now: DateTime<Utc>) -> String {
    let part = now.timestamp_subsec_micros() % 1_000 * 4_096 / 1_000;
    format!("{:012x}7{part:03x}", now.timestamp_millis().max(0))
}

/// PostgreSQL has no text with a zero in it.
pub(crate) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Milliseconds, as the database counts them.
pub(crate) fn millis(duration: std::time::Duration) -> i64 {
    // A thousand years are as good as for ever, and can be added to a time.
    const FOR_EVER: i64 = 1_000 * 365 * 24 * 3_600 * 1_000;
    i64::try_from(duration.as_millis()).unwrap_or(FOR_EVER).min(FOR_EVER)
}
