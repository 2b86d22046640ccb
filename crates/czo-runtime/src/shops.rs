//! The shops of a server.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use czo_core::{Clock, Currency, IdGenerator, Shop, ShopDirectory, ShopDirectoryError, ShopId};
use czo_repo::Database;
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, Set};

use crate::RuntimeError;

/// How long it may take until a shop that another process made is noticed where no shop is
/// named.
const ONLY_SHOP_AGE: Duration = Duration::from_secs(1);

/// The shops of a server. Clones share what they have learned.
///
/// A shop never changes and is never removed, so one that was found is not looked up again.
#[derive(Clone, Debug)]
pub struct Shops {
    database: Database,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    known: Arc<RwLock<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    shops: HashMap<ShopId, Shop>,
    only: Option<(Instant, Option<Shop>)>,
}

mod row {
    use chrono::{DateTime, Utc};
    use czo_core::ShopId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "runtime_shop")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ShopId,
        pub name: String,
        pub currency: String,
        pub created_at: DateTime<Utc>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl TryFrom<row::Model> for Shop {
    type Error = RuntimeError;

    fn try_from(row: row::Model) -> Result<Self, RuntimeError> {
        Ok(Self { id: row.id, name: row.name, currency: row.currency.parse()? })
    }
}

impl Shops {
    /// The shops in this database.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>, ids: Arc<dyn IdGenerator>) -> Self {
        Self { database, clock, ids, known: Arc::default() }
    }

    /// Opens a shop.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::EmptyName`], and when the database fails.
    pub async fn create(&self, name: &str, currency: Currency) -> Result<Shop, RuntimeError> {
        let shop = self.insert(&*self.database, name, currency).await?;
        self.forget_only();
        Ok(shop)
    }

    async fn insert(
        &self,
        db: &impl ConnectionTrait,
        name: &str,
        currency: Currency,
    ) -> Result<Shop, RuntimeError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(RuntimeError::EmptyName);
        }
        let shop = Shop { id: ShopId::generate(&*self.ids), name: name.to_owned(), currency };
        let row = row::ActiveModel {
            id: Set(shop.id),
            name: Set(shop.name.clone()),
            currency: Set(currency.to_string()),
            created_at: Set(self.clock.now()),
        };
        row::Entity::insert(row).exec_without_returning(db).await?;
        Ok(shop)
    }

    fn forget_only(&self) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).only = None;
    }

    /// Opens a shop if there is none yet. Of several servers that start at once, one does.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn create_first(
        &self,
        name: &str,
        currency: Currency,
    ) -> Result<Option<Shop>, RuntimeError> {
        let tx = self.database.begin().await?;
        if !self.database.is_sqlite() {
            tx.execute_unprepared("LOCK TABLE runtime_shop IN SHARE ROW EXCLUSIVE MODE").await?;
        }
        if row::Entity::find().count(&*tx).await? > 0 {
            return Ok(None);
        }
        let shop = self.insert(&*tx, name, currency).await?;
        tx.commit().await?;
        self.forget_only();
        Ok(Some(shop))
    }

    /// All shops, oldest first.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<Shop>, RuntimeError> {
        let rows = row::Entity::find().order_by_asc(row::Column::Id).all(&*self.database).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn look_up(&self, id: ShopId) -> Result<Option<Shop>, RuntimeError> {
        let row = row::Entity::find_by_id(id).one(&*self.database).await?;
        row.map(TryInto::try_into).transpose()
    }

    async fn look_up_only(&self) -> Result<Option<Shop>, RuntimeError> {
        // Two are enough to know that there is not exactly one.
        let mut rows = row::Entity::find().limit(2).all(&*self.database).await?;
        match (rows.pop(), rows.pop()) {
            (Some(only), None) => Ok(Some(only.try_into()?)),
            _ => Ok(None),
        }
    }
}

fn unavailable(error: RuntimeError) -> ShopDirectoryError {
    ShopDirectoryError(Box::new(error))
}

#[async_trait]
impl ShopDirectory for Shops {
    async fn find(&self, id: ShopId) -> Result<Option<Shop>, ShopDirectoryError> {
        let known =
            self.known.read().unwrap_or_else(PoisonError::into_inner).shops.get(&id).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let found = self.look_up(id).await.map_err(unavailable)?;
        if let Some(shop) = &found {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.shops.insert(id, shop.clone());
        }
        Ok(found)
    }

    async fn only_shop(&self) -> Result<Option<Shop>, ShopDirectoryError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).only.clone();
        if let Some((at, shop)) = known
            && at.elapsed() < ONLY_SHOP_AGE
        {
            return Ok(shop);
        }
        let found = self.look_up_only().await.map_err(unavailable)?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.only = Some((Instant::now(), found.clone()));
        Ok(found)
    }
}
