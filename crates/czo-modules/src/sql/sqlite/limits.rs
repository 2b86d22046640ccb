//! Limits of SQLite's own, which only its C interface can set.

use libsqlite3_sys as ffi;
use sea_orm::sqlx::{Error, SqliteConnection};

/// The longest text, blob or row, in bytes: what makes much out of little fails here.
const LONGEST: i32 = 16 << 20;

/// What statements of modules may have at most. The last are those of `LIKE` and `GLOB`, whose time
/// grows with the square of the pattern, and databases that are attached.
const LIMITS: [(i32, i32); 7] = [
    (ffi::SQLITE_LIMIT_LENGTH, LONGEST),
    (ffi::SQLITE_LIMIT_EXPR_DEPTH, 200),
    (ffi::SQLITE_LIMIT_COMPOUND_SELECT, 50),
    (ffi::SQLITE_LIMIT_FUNCTION_ARG, 100),
    (ffi::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
    (ffi::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 500),
    (ffi::SQLITE_LIMIT_ATTACHED, 0),
];

/// Sets the limits of a connection, for as long as it is open.
pub(crate) async fn set(connection: &mut SqliteConnection) -> Result<(), Error> {
    let mut handle = connection.lock_handle().await?;
    let raw = handle.as_raw_handle().as_ptr();
    for (limit, most) in LIMITS {
        #[expect(unsafe_code, reason = "sqlx has no way to set limits")]
        // SAFETY: `raw` is the open connection that `handle` keeps locked, so that nobody else uses
        // or closes it meanwhile; `sqlite3_limit` takes any two numbers.
        unsafe {
            ffi::sqlite3_limit(raw, limit, most);
        }
    }
    Ok(())
}
