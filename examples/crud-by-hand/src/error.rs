//! Why a store did not do what was asked.

use crud_suite::ProductId;
use czo_core::{Classified, ErrorKind, FieldError, FieldErrorCode};
use czo_repo::DatabaseError;
use sea_orm::DbErr;
use thiserror::Error;

/// Why a store did not do what was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such product in the shop.
    #[error("there is no product {id}")]
    NotFound {
        /// What was asked for.
        id: ProductId,
    },
    /// The product was deleted, and can be restored.
    #[error("product {id} is deleted")]
    Deleted {
        /// What was asked for.
        id: ProductId,
    },
    /// The product has changed since it was read.
    #[error(
        "product {id} has changed: expected version {expected}, it has {actual}; read it again"
    )]
    Conflict {
        /// The product.
        id: ProductId,
        /// The version the caller knew.
        expected: i32,
        /// The version it has.
        actual: i32,
    },
    /// A value that must be unique belongs to another product or variant.
    #[error("another {table} has the same {column}")]
    Taken {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// The same, for the face to the outside.
        fields: Vec<FieldError>,
    },
    /// Both ends at once.
    #[error("expected `first` or `last`, got both")]
    BothEnds,
    /// Too few or too many.
    #[error("expected `{argument}` between 1 and 100, got {value}")]
    Size {
        /// `first` or `last`.
        argument: &'static str,
        /// What was asked for.
        value: i32,
    },
    /// A cursor that this list did not give out.
    #[error(
        "`{argument}` is not a cursor of this list with this filter and order: use one that a page of it gave"
    )]
    Cursor {
        /// `after` or `before`.
        argument: &'static str,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl StoreError {
    /// A failed write of a table: says which value was taken, if that is why.
    pub(crate) fn of_write(table: &'static str, error: DbErr) -> Self {
        let error = DatabaseError::from(error);
        let violation = error.unique_violation();
        let columns = violation.as_ref().map(|violation| violation.columns()).unwrap_or_default();
        let Some(column) = columns.iter().find(|column| *column != "shop_id").cloned() else {
            return error.into();
        };
        let message = format!("another {table} has this value already");
        let fields = vec![FieldError::new(&column, FieldErrorCode::Taken, message)];
        Self::Taken { table, column, fields }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        DatabaseError::from(error).into()
    }
}

impl Classified for StoreError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } | Self::Deleted { .. } => ErrorKind::NotFound,
            Self::Conflict { .. } | Self::Taken { .. } => ErrorKind::Conflict,
            Self::BothEnds | Self::Size { .. } | Self::Cursor { .. } => ErrorKind::Invalid,
            Self::Database(error) => error.kind(),
        }
    }

    fn is_retryable(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_retryable())
    }

    fn field_errors(&self) -> &[FieldError] {
        match self {
            Self::Taken { fields, .. } => fields,
            _ => &[],
        }
    }
}
