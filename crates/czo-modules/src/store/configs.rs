//! Configuration of modules.

use czo_core::ShopId;
use czo_module_package::ModuleName;
use czo_repo::UnitOfWork;
use sea_orm::QueryResult;
use serde_json::Value;
use uuid::Uuid;

use super::{ConfigRecord, ModuleStore, Revision, StoreError, row, shop_key};
use crate::ModuleError;

impl ModuleStore {
    /// The configuration of a module in a shop, or for what belongs to none.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn config(
        &self,
        module: &ModuleName,
        shop: Option<ShopId>,
    ) -> Result<Option<ConfigRecord>, ModuleError> {
        let query = "SELECT config, revision, updated_at FROM modules_config \
                     WHERE module = $1 AND shop_id = $2";
        let rows = self.read(query, [module.as_str().into(), shop_key(shop)]).await?;
        rows.first().map(record).transpose()
    }

    /// The configuration of a module in all shops that have one: a node holds them in memory.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn configs(
        &self,
        module: &ModuleName,
    ) -> Result<Vec<(Option<ShopId>, ConfigRecord)>, ModuleError> {
        let query = "SELECT shop_id, config, revision, updated_at FROM modules_config \
                     WHERE module = $1 ORDER BY shop_id";
        let rows = self.read(query, [module.as_str().into()]).await?;
        let shop = |row: &QueryResult| {
            let shop: Uuid = row::get(row, "shop_id")?;
            Ok::<_, ModuleError>((!shop.is_nil()).then(|| ShopId::from(shop)))
        };
        rows.iter().map(|row| Ok((shop(row)?, record(row)?))).collect()
    }

    /// Sets the configuration of a module in a shop. `expected` is the revision that was changed,
    /// none for one that is new. What it says must have been validated.
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`] when it has another revision by now.
    pub async fn set_config(
        &self,
        tx: &UnitOfWork,
        module: &ModuleName,
        shop: Option<ShopId>,
        expected: Option<Revision>,
        config: &Value,
    ) -> Result<ConfigRecord, ModuleError> {
        let text = row::to_json("the configuration", config)?;
        let mut values = vec![module.as_str().into(), shop_key(shop), text.into()];
        let write = match expected {
            None => {
                "INSERT INTO modules_config (module, shop_id, config, revision, updated_at) \
                 VALUES ($1, $2, $3, 1, {now}) ON CONFLICT (module, shop_id) DO NOTHING \
                 RETURNING config, revision, updated_at"
            }
            Some(Revision(expected)) => {
                values.push(expected.into());
                "UPDATE modules_config SET config = $3, revision = revision + 1, updated_at = {now} \
                 WHERE module = $1 AND shop_id = $2 AND revision = $4 \
                 RETURNING config, revision, updated_at"
            }
        };
        let rows = self.write(tx, write, values).await?;
        let written = rows.first().ok_or_else(|| StoreError::Changed { name: module.clone() })?;
        record(written)
    }

    /// Forgets the configuration of a module in every shop.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn delete_configs(
        &self,
        tx: &UnitOfWork,
        module: &ModuleName,
    ) -> Result<(), ModuleError> {
        let delete = "DELETE FROM modules_config WHERE module = $1";
        self.write(tx, delete, [module.as_str().into()]).await.map(drop)
    }
}

fn record(row: &QueryResult) -> Result<ConfigRecord, ModuleError> {
    Ok(ConfigRecord {
        config: row::json(row, "config")?,
        revision: Revision(row::get(row, "revision")?),
        updated_at: row::time(row, "updated_at")?,
    })
}
