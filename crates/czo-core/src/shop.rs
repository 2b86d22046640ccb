//! Shops: the tenants.

use async_trait::async_trait;
use thiserror::Error;

use crate::{Classified, Currency, ErrorKind, ShopId};

/// A shop: the tenant that products, orders and apps belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    /// Its id.
    pub id: ShopId,
    /// Its name, as people read it.
    pub name: String,
    /// The currency of its prices. It never changes.
    pub currency: Currency,
}

/// Knows the shops. Shared between threads; a dropped call changes nothing.
#[async_trait]
pub trait ShopDirectory: Send + Sync + std::fmt::Debug {
    /// The shop of this id, if there is one.
    ///
    /// # Errors
    ///
    /// When it can't be told.
    async fn find(&self, id: ShopId) -> Result<Option<Shop>, ShopDirectoryError>;

    /// The shop of a request that names none: the only one, where there is exactly one.
    ///
    /// # Errors
    ///
    /// When it can't be told.
    async fn only_shop(&self) -> Result<Option<Shop>, ShopDirectoryError>;
}

/// Where shops are kept does not answer.
#[derive(Debug, Error)]
#[error("shops cannot be looked up now")]
pub struct ShopDirectoryError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl Classified for ShopDirectoryError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }
}
