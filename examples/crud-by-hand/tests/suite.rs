//! The tests that both stores of products pass.

use std::sync::Arc;

use crud_by_hand::{Products, StoreError};
use crud_suite::{Failure, Opening};
use czo_core::SystemIds;

fn open(opening: Opening) -> Products {
    let Opening { database, shop, clock, cursor_key } = opening;
    Products::new(database, shop, clock, Arc::new(SystemIds), &cursor_key)
}

fn failure(error: StoreError) -> Failure {
    match error {
        StoreError::NotFound { .. } => Failure::NotFound,
        StoreError::Deleted { .. } => Failure::Deleted,
        StoreError::Conflict { expected, actual, .. } => Failure::Conflict { expected, actual },
        StoreError::Taken { column, .. } => Failure::Taken(column),
        StoreError::Cursor { argument } => Failure::Cursor(argument),
        StoreError::Size { argument, .. } => Failure::Size(argument),
        StoreError::BothEnds => Failure::BothEnds,
        _ => Failure::Other,
    }
}

crud_suite::suite!(open, failure);
