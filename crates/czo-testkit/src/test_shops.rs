//! Shops in memory.

use async_trait::async_trait;
use czo_core::{Currency, IdGenerator, Shop, ShopDirectory, ShopDirectoryError, ShopId};

/// A directory of shops in memory.
#[derive(Clone, Debug, Default)]
pub struct TestShops {
    shops: Vec<Shop>,
}

impl TestShops {
    /// A directory with one shop for each of these currencies.
    #[must_use]
    pub fn new(ids: &dyn IdGenerator, currencies: &[Currency]) -> Self {
        let shop = |currency: &Currency| Shop {
            id: ShopId::generate(ids),
            name: format!("a shop in {currency}"),
            currency: *currency,
        };
        Self { shops: currencies.iter().map(shop).collect() }
    }

    /// The shops.
    #[must_use]
    pub fn all(&self) -> &[Shop] {
        &self.shops
    }
}

#[async_trait]
impl ShopDirectory for TestShops {
    async fn find(&self, id: ShopId) -> Result<Option<Shop>, ShopDirectoryError> {
        Ok(self.shops.iter().find(|shop| shop.id == id).cloned())
    }

    async fn only_shop(&self) -> Result<Option<Shop>, ShopDirectoryError> {
        Ok(match self.shops.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        })
    }
}
