//! What the catalogue refuses, and why.

use czo_cache::LoadError;
use czo_core::{
    Classified, ErrorKind, FieldError, FieldErrorCode, JobError, NoShop, PermissionError,
    ShopDirectoryError,
};
use czo_hooks::HookError;
use czo_repo::{DatabaseError, PageError, RepoError};
use sea_orm::DbErr;
use thiserror::Error;

use crate::{CsvFileError, ImportId, ProductId, ThumbnailId};

/// What the catalogue refuses, and why.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// Fields of the input are wrong.
    #[error("{}", summary(.0))]
    Invalid(Vec<FieldError>),
    /// Values that must be unique belong to another product or variant.
    #[error("{}", summary(.0))]
    Taken(Vec<FieldError>),
    /// There is no such product in the shop.
    #[error("there is no product {id} in this shop")]
    NotFound {
        /// What was asked for.
        id: ProductId,
    },
    /// There is no such import in the shop, or it is forgotten.
    #[error("there is no import {id} in this shop; imports are forgotten after a week")]
    ImportNotFound {
        /// What was asked for.
        id: ImportId,
    },
    /// There is no such thumbnail, or not yet.
    #[error("there is no thumbnail {id}")]
    ThumbnailNotFound {
        /// What was asked for.
        id: ThumbnailId,
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
    /// A file can't be read as a whole, or a product can't be written to one.
    #[error(transparent)]
    File(#[from] CsvFileError),
    /// The caller may not.
    #[error(transparent)]
    Permission(#[from] PermissionError),
    /// No shop is named.
    #[error(transparent)]
    NoShop(#[from] NoShop),
    /// The shop can't be looked up.
    #[error(transparent)]
    Shop(#[from] ShopDirectoryError),
    /// A stored row makes no sense.
    #[error("the row of {table} {id} makes no sense: {what}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row.
        id: String,
        /// What is wrong with it.
        what: String,
    },
    /// The page that was asked for makes no sense.
    #[error(transparent)]
    Page(#[from] PageError),
    /// A repository was asked for what it does not do.
    #[error("the catalogue's rows were not read or written")]
    Repository(#[source] RepoError),
    /// The database failed.
    #[error("the catalogue's database failed")]
    Database(#[from] DatabaseError),
    /// A read that others wait for too, for the cache, failed or took too long. Its kind is that of
    /// what went wrong, which is its source.
    #[error(transparent)]
    Load(#[from] LoadError<CatalogError>),
    /// What was to be done later was not taken.
    #[error(transparent)]
    Jobs(#[from] JobError),
    /// A hook refused or failed. After the write it failed too late: the write stands.
    #[error(transparent)]
    Hook(#[from] HookError),
}

fn summary(fields: &[FieldError]) -> String {
    let all: Vec<_> = fields.iter().map(ToString::to_string).collect();
    all.join("; ")
}

impl CatalogError {
    /// One field is wrong.
    pub(crate) fn field(path: &str, code: FieldErrorCode, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(path, code, message)])
    }
}

/// What the repositories of the catalogue refuse, in its words.
impl From<RepoError> for CatalogError {
    fn from(error: RepoError) -> Self {
        let field = |path, message: &str| {
            Self::Taken(vec![FieldError::new(path, FieldErrorCode::Taken, message)])
        };
        let column = |name: &str| matches!(&error, RepoError::Taken { columns, .. } if columns.iter().any(|taken| taken == name));
        if column("handle") {
            return field("handle", "another product of the shop has this handle");
        }
        if column("sku") {
            return field("variants", "another variant of the shop has one of these SKUs");
        }
        let product = match &error {
            RepoError::NotFound { id, .. }
            | RepoError::Deleted { id, .. }
            | RepoError::Conflict { id, .. } => id.parse().ok(),
            _ => None,
        };
        match (error, product) {
            (RepoError::NotFound { .. } | RepoError::Deleted { .. }, Some(id)) => {
                Self::NotFound { id }
            }
            (RepoError::Conflict { expected, actual, .. }, Some(id)) => {
                Self::Conflict { id, expected, actual }
            }
            (RepoError::Page(error), _) => error.into(),
            (RepoError::Database(error), _) => error.into(),
            (error, _) => Self::Repository(error),
        }
    }
}

impl From<DbErr> for CatalogError {
    fn from(error: DbErr) -> Self {
        DatabaseError::from(error).into()
    }
}

impl Classified for CatalogError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) | Self::NoShop(_) | Self::File(_) => ErrorKind::Invalid,
            Self::Taken(_) | Self::Conflict { .. } => ErrorKind::Conflict,
            Self::NotFound { .. }
            | Self::ImportNotFound { .. }
            | Self::ThumbnailNotFound { .. } => ErrorKind::NotFound,
            Self::Permission(error) => error.kind(),
            Self::Shop(error) => error.kind(),
            Self::Corrupt { .. } => ErrorKind::Internal,
            Self::Page(error) => error.kind(),
            Self::Repository(error) => error.kind(),
            Self::Database(error) => error.kind(),
            Self::Load(error) => error.kind(),
            Self::Jobs(error) => error.kind(),
            Self::Hook(error) => error.kind(),
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Permission(error) => error.is_retryable(),
            Self::Shop(error) => error.is_retryable(),
            Self::Database(error) => error.is_retryable(),
            Self::Load(error) => error.is_retryable(),
            Self::Jobs(error) => error.is_retryable(),
            Self::Hook(error) => error.is_retryable(),
            _ => false,
        }
    }

    fn field_errors(&self) -> &[FieldError] {
        match self {
            Self::Invalid(fields) | Self::Taken(fields) => fields,
            Self::Load(LoadError::Failed(error)) => error.field_errors(),
            Self::Hook(error) => error.field_errors(),
            _ => &[],
        }
    }
}
