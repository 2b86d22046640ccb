//! Which failures of a transaction are collisions with another.

use std::error::Error;

use sea_orm::{DbErr, sqlx};

/// Serialization failure and deadlock (PostgreSQL, appendix A: 40001, 40P01); busy and busy
/// snapshot (SQLite's result codes 5 and 517).
const COLLISIONS: [&str; 4] = ["40001", "40P01", "5", "517"];

/// Whether somewhere in the causes of an error two transactions collided.
pub(crate) fn is_collision(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        let driver = cause
            .downcast_ref::<sqlx::Error>()
            .or_else(|| cause.downcast_ref::<DbErr>().and_then(crate::error::driver))
            // As errors keep it that would be large otherwise.
            .or_else(|| cause.downcast_ref::<Box<DbErr>>().and_then(|e| crate::error::driver(e)))
            .or_else(|| {
                cause.downcast_ref::<crate::DatabaseError>().and_then(crate::DatabaseError::driver)
            });
        if let Some(driver) = driver {
            let code = driver.as_database_error().and_then(sqlx::error::DatabaseError::code);
            return code.is_some_and(|code| COLLISIONS.contains(&&*code));
        }
        next = cause.source();
    }
    false
}
