#![doc = include_str!("../README.md")]

mod backoff;
#[cfg(feature = "cache")]
mod cached;
mod connection;
mod cursor;
mod database;
mod environment;
mod error;
mod keyset;
mod lifecycle;
mod loader;
mod options;
mod page;
mod repo_error;
mod repository;
mod resource;
mod sort;
mod unique;
mod unit_of_work;

#[cfg(feature = "cache")]
pub use cached::{CachedList, CachedQueries, CachedRepository, KeptPage};
pub use connection::Connection;
pub use czo_macros::Resource;
pub use database::{Database, DatabaseHealth, Notifications, WriterTurn};
pub use environment::CursorKey;
pub use error::{DatabaseError, UniqueViolation};
pub use lifecycle::Lifecycle;
pub use loader::Loader;
pub use options::{DatabaseOptions, DatabaseUrl, DatabaseUrlError};
pub use page::{OffsetRequest, Page, PageArguments, PageError, PageInfo, PageRequest};
pub use repo_error::RepoError;
pub use repository::{
    AnyVersion, CanRead, CanWrite, ChooseShop, Expected, Mutations, Queries, ReadOnly, ReadWrite,
    Ready, Repository, WriteOnly,
};
#[doc(hidden)]
pub use resource::column;
pub use resource::{Resource, ResourceId, ShopScoped, SoftDelete};
pub use sort::Sort;
pub use unique::unique_among_living;
pub use unit_of_work::{BeforeCommit, TransactionOptions, UnitOfWork};

/// What `#[derive(Resource)]` writes. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use czo_core::{IdGenerator, TypedId};
}
