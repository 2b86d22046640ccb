//! What PostgreSQL and SQLite say differently.

use sea_orm::DbBackend;

/// The type of a column of [`Dialect::records`].
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Id,
    Integer,
    Text,
}

/// What PostgreSQL and SQLite say differently. Parameters are `$1`, `$2`, … on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Postgres,
    Sqlite,
}

impl Dialect {
    pub(super) fn of(is_sqlite: bool) -> Self {
        if is_sqlite { Self::Sqlite } else { Self::Postgres }
    }

    pub(super) fn backend(self) -> DbBackend {
        match self {
            Self::Postgres => DbBackend::Postgres,
            Self::Sqlite => DbBackend::Sqlite,
        }
    }

    /// Now, in milliseconds. It does not change within a statement, so that an index can be
    /// searched for it.
    pub(super) fn now(self) -> &'static str {
        match self {
            Self::Postgres => "(extract(epoch FROM statement_timestamp()) * 1000)::bigint",
            Self::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        }
    }

    /// A table from a list of JSON objects, the first parameter: any number of rows is one
    /// statement, prepared once.
    pub(super) fn records(self, name: &str, columns: &[(&str, Kind)]) -> String {
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

    /// The texts of a list in JSON, the parameter `number`, as a table with one column `value`.
    pub(super) fn texts(self, number: usize, name: &str) -> String {
        match self {
            Self::Postgres => format!("json_array_elements_text(${number}::json) AS {name}(value)"),
            Self::Sqlite => format!("json_each(${number}) AS {name}"),
        }
    }

    /// A text of hexadecimal digits as an id.
    pub(super) fn id(self, text: &str) -> String {
        match self {
            Self::Postgres => format!("{text}::uuid"),
            Self::Sqlite => format!("unhex({text})"),
        }
    }

    /// Behind a query for rows to be changed: not those that another statement changes now.
    pub(super) fn skip_locked(self) -> &'static str {
        match self {
            Self::Postgres => "FOR UPDATE SKIP LOCKED",
            Self::Sqlite => "",
        }
    }
}
