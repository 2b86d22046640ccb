//! How much modules keep.

use std::collections::BTreeMap;

use czo_module_package::ModuleName;
use czo_repo::UnitOfWork;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use uuid::Uuid;

use super::SqlKeyValue;
use crate::ModuleError;
use crate::store::dialect::Dialect;
use crate::store::row;

/// What a write changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) keys: i64,
    pub(super) bytes: i64,
}

/// How much a module keeps by key, in all shops together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyValueUsage {
    /// Its keys, those that have run out and were not swept yet among them.
    pub keys: u64,
    /// The bytes of its keys and values.
    pub bytes: u64,
}

impl SqlKeyValue {
    /// How much a module keeps.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn usage(&self, module: &ModuleName) -> Result<KeyValueUsage, ModuleError> {
        let query = "SELECT CAST(COALESCE(SUM(keys), 0) AS bigint) AS keys, \
                     CAST(COALESCE(SUM(bytes), 0) AS bigint) AS bytes \
                     FROM modules_kv_usage WHERE module = $1";
        let rows = self.read(query, [module.as_str().into()]).await?;
        let Some(found) = rows.first() else { return Ok(KeyValueUsage::default()) };
        Ok(KeyValueUsage { keys: row::count(found, "keys")?, bytes: row::count(found, "bytes")? })
    }

    /// Counts rows that were deleted, as a part of `tx`. In the order of the shops, so that no two who
    /// do it wait for each other.
    pub(super) async fn uncount(
        &self,
        tx: &UnitOfWork,
        deleted: &[QueryResult],
    ) -> Result<(), ModuleError> {
        let mut changes = BTreeMap::<(String, Uuid), Usage>::new();
        for deleted in deleted {
            let shop = (row::get(deleted, "module")?, row::get(deleted, "shop_id")?);
            let change = changes.entry(shop).or_default();
            change.keys -= 1;
            change.bytes -= row::get::<i64>(deleted, "size")?;
        }
        for ((module, shop), change) in changes {
            count(tx, self.dialect, &module, shop.into(), change).await?;
        }
        Ok(())
    }
}

/// Counts a change of a shop's values, as a part of `tx`.
pub(super) async fn count(
    tx: &UnitOfWork,
    dialect: Dialect,
    module: &str,
    shop: Value,
    change: Usage,
) -> Result<(), ModuleError> {
    // Most writes replace a value by one of the same size: those wait for nobody.
    if change == Usage::default() {
        return Ok(());
    }
    let count = "INSERT INTO modules_kv_usage AS u (module, shop_id, keys, bytes) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT (module, shop_id) \
                 DO UPDATE SET keys = u.keys + excluded.keys, bytes = u.bytes + excluded.bytes";
    let values = [module.into(), shop, change.keys.into(), change.bytes.into()];
    tx.execute_raw(dialect.statement(count, values)).await?;
    Ok(())
}
