//! Why a repository did not do what was asked.

use std::error::Error;

use czo_core::{Classified, ErrorKind, FieldError, FieldErrorCode};
use sea_orm::DbErr;
use thiserror::Error;

use crate::{DatabaseError, PageError};

/// Why a repository did not do what was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RepoError {
    /// There is no such row in the scope.
    #[error("there is no {resource} {id}")]
    NotFound {
        /// The table.
        resource: &'static str,
        /// What was asked for.
        id: String,
    },
    /// The row was deleted, and can be restored.
    #[error("{resource} {id} is deleted")]
    Deleted {
        /// The table.
        resource: &'static str,
        /// What was asked for.
        id: String,
    },
    /// The row has changed since it was read.
    #[error(
        "{resource} {id} has changed: expected version {expected}, it has {actual}; read it again"
    )]
    Conflict {
        /// The table.
        resource: &'static str,
        /// The row.
        id: String,
        /// The version the caller knew.
        expected: i32,
        /// The version it has.
        actual: i32,
    },
    /// Values that must be unique belong to another row.
    #[error("another {resource} has the same {}", columns.join(", "))]
    Taken {
        /// The table.
        resource: &'static str,
        /// The columns that were given the values, without that of the shop.
        columns: Vec<String>,
        /// The same, for the face to the outside.
        fields: Vec<FieldError>,
    },
    /// A column was given a value that only the repository gives.
    #[error("`{column}` of {resource} is not for the caller to set")]
    Protected {
        /// The table.
        resource: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A row of an upsert does not set a column that is to be changed.
    #[error("every row of an upsert of {resource} sets `{column}`, or it is not to be changed")]
    Missing {
        /// The table.
        resource: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A change that changes nothing.
    #[error("the change of {resource} sets no column")]
    NothingToChange {
        /// The table.
        resource: &'static str,
    },
    /// A change of many rows does not say which.
    #[error(
        "a change of many {resource} rows needs `.filter(…)`; `Condition::all()` means every row of the scope"
    )]
    NoFilter {
        /// The table.
        resource: &'static str,
    },
    /// A new row of all shops' scope does not say whose it is.
    #[error("a new {resource} needs its shop: use `.for_shop(…)`, or set `shop_id`")]
    NoShop {
        /// The table.
        resource: &'static str,
    },
    /// What a [`Lifecycle`](crate::Lifecycle) refuses, field by field.
    #[error("{}", summary(.0))]
    Refused(Vec<FieldError>),
    /// What went wrong in a [`Lifecycle`](crate::Lifecycle).
    #[error("a lifecycle failed")]
    Lifecycle(#[source] Box<dyn Error + Send + Sync>),
    /// An order names a column that there is not, or none may be sorted by.
    #[error("expected an order by {}, each with a `-` before it for the reverse", allowed.join(", "))]
    Sort {
        /// What may be sorted by.
        allowed: Vec<&'static str>,
    },
    /// The page that was asked for makes no sense.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A read that others wait for too, for the cache, failed or took too long. Its kind is that
    /// of what went wrong, which is its source.
    #[cfg(feature = "cache")]
    #[error(transparent)]
    Load(#[from] czo_cache::LoadError<RepoError>),
}

fn summary(fields: &[FieldError]) -> String {
    let all: Vec<_> = fields.iter().map(ToString::to_string).collect();
    all.join("; ")
}

impl RepoError {
    /// A failed write of a table: says which values were taken, if that is why.
    pub(crate) fn of_write(
        resource: &'static str,
        shop: Option<&'static str>,
        error: DbErr,
    ) -> Self {
        let error = DatabaseError::from(error);
        let Some(violation) = error.unique_violation() else { return error.into() };
        let columns = violation.columns().iter().filter(|column| Some(column.as_str()) != shop);
        Self::taken(resource, columns.cloned().collect())
    }

    pub(crate) fn taken(resource: &'static str, columns: Vec<String>) -> Self {
        let message = format!("another {resource} has this value already");
        let fields = columns
            .iter()
            .map(|column| FieldError::new(&camel_case(column), FieldErrorCode::Taken, &*message));
        Self::Taken { resource, fields: fields.collect(), columns }
    }

    /// Whether the value of this column was taken.
    #[must_use]
    pub fn takes(&self, column: impl sea_orm::IdenStatic) -> bool {
        matches!(self, Self::Taken { columns, .. } if columns.iter().any(|taken| taken == column.as_str()))
    }
}

/// The name of a column as GraphQL and JSON write it.
fn camel_case(column: &str) -> String {
    let mut words = column.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.extend(letters);
    }
    name
}

impl From<DbErr> for RepoError {
    fn from(error: DbErr) -> Self {
        DatabaseError::from(error).into()
    }
}

impl Classified for RepoError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } | Self::Deleted { .. } => ErrorKind::NotFound,
            Self::Conflict { .. } | Self::Taken { .. } => ErrorKind::Conflict,
            Self::Refused(_) | Self::Sort { .. } | Self::Page(_) | Self::NothingToChange { .. } => {
                ErrorKind::Invalid
            }
            // Mistakes of the program, not of who uses it.
            Self::Protected { .. }
            | Self::Missing { .. }
            | Self::NoFilter { .. }
            | Self::NoShop { .. }
            | Self::Lifecycle(_) => ErrorKind::Internal,
            Self::Database(error) => error.kind(),
            #[cfg(feature = "cache")]
            Self::Load(error) => error.kind(),
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Database(error) => error.is_retryable(),
            #[cfg(feature = "cache")]
            Self::Load(error) => error.is_retryable(),
            _ => false,
        }
    }

    fn field_errors(&self) -> &[FieldError] {
        match self {
            Self::Refused(fields) | Self::Taken { fields, .. } => fields,
            #[cfg(feature = "cache")]
            Self::Load(czo_cache::LoadError::Failed(error)) => error.field_errors(),
            _ => &[],
        }
    }
}
