//! The tests that both stores of products pass.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crud_suite::{Failure, Opening};
use crud_with_kit::Products;
use czo_repo::{CursorKey, PageError, RepoError};

fn open(opening: Opening) -> Products {
    let key = CursorKey::new(&opening.cursor_key);
    let database = opening.database.with_clock(opening.clock).with_cursor_key(key);
    Products::new(database, opening.shop)
}

fn failure(error: RepoError) -> Failure {
    match error {
        RepoError::NotFound { .. } => Failure::NotFound,
        RepoError::Deleted { .. } => Failure::Deleted,
        RepoError::Conflict { expected, actual, .. } => Failure::Conflict { expected, actual },
        RepoError::Taken { mut columns, .. } => Failure::Taken(columns.pop().unwrap()),
        RepoError::Page(PageError::Cursor { argument }) => Failure::Cursor(argument),
        RepoError::Page(PageError::Size { argument, .. }) => Failure::Size(argument),
        RepoError::Page(PageError::BothEnds) => Failure::BothEnds,
        _ => Failure::Other,
    }
}

crud_suite::suite!(open, failure);
