//! What a module is told when the database did not run its statement.

use sea_orm::sqlx::Error;

use super::{MAX_BYTES, MAX_ROWS, SqlValue, TIMEOUT};
use crate::HostError;

/// What a module is told of an error of PostgreSQL, by its class (PostgreSQL, appendix A).
pub(super) fn of_postgres(error: &Error) -> HostError {
    let Error::Database(found) = error else { return unavailable(error) };
    let code = found.code().unwrap_or_default();
    match (code.get(..2).unwrap_or_default(), code.as_ref()) {
        (_, "57014") => took_too_long(),
        // Too large, or too much of it.
        ("54", _) | (_, "53200" | "22P06") => HostError::Limit(found.message().to_owned()),
        // Wrong values, broken constraints, unknown names, wrong types.
        ("21" | "22" | "23" | "42" | "0A" | "25", _) => {
            HostError::Invalid(found.message().to_owned())
        }
        _ => unavailable(error),
    }
}

/// What a module is told of an error of SQLite, by its primary result code.
pub(super) fn of_sqlite(error: &Error) -> HostError {
    let Error::Database(found) = error else { return unavailable(error) };
    let code = found.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
    match code & 0xff {
        // SQLITE_INTERRUPT
        9 => took_too_long(),
        // SQLITE_NOMEM, SQLITE_TOOBIG
        7 | 18 => HostError::Limit(found.message().to_owned()),
        // SQLITE_ERROR, SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_RANGE
        1 | 19 | 20 | 25 => HostError::Invalid(found.message().to_owned()),
        _ => unavailable(error),
    }
}

pub(super) fn took_too_long() -> HostError {
    HostError::Limit(format!("statements may take {} s, this took longer", TIMEOUT.as_secs()))
}

/// Of a lost connection or a damaged file a module is told nothing more.
pub(super) fn unavailable(error: &Error) -> HostError {
    tracing::error!(%error, "a statement of a module was not run");
    HostError::Unavailable("the database did not answer as expected".to_owned())
}

/// Counts what an answer has.
#[derive(Debug, Default)]
pub(super) struct Measure {
    rows: usize,
    bytes: usize,
}

impl Measure {
    /// Takes one more row, unless that is too much.
    pub(super) fn add(&mut self, row: &[SqlValue]) -> Result<(), HostError> {
        self.rows += 1;
        self.bytes += row.iter().map(size).sum::<usize>();
        if self.rows > MAX_ROWS {
            return Err(HostError::Limit(format!("an answer has at most {MAX_ROWS} rows")));
        }
        if self.bytes > MAX_BYTES {
            return Err(HostError::Limit(format!("an answer has at most {} MiB", MAX_BYTES >> 20)));
        }
        Ok(())
    }
}

fn size(value: &SqlValue) -> usize {
    match value {
        SqlValue::Text(text) => text.len(),
        SqlValue::Bytes(bytes) => bytes.len(),
        SqlValue::Null | SqlValue::Boolean(_) | SqlValue::Integer(_) | SqlValue::Real(_) => 8,
    }
}
