//! Values that have run out go.

use czo_repo::UnitOfWork;
use sea_orm::ConnectionTrait;

use super::SqlKeyValue;
use crate::ModuleError;

/// How many go in one transaction.
const AT_ONCE: usize = 500;

impl SqlKeyValue {
    /// Deletes the values that have run out, and says how many those were. Several nodes may do it at
    /// once. Nothing depends on it but the room they take.
    ///
    /// # Errors
    ///
    /// When the database fails; what was deleted by then stays so.
    pub async fn sweep(&self) -> Result<u64, ModuleError> {
        let delete = format!(
            "DELETE FROM modules_kv WHERE (module, shop_id, key) IN \
             (SELECT module, shop_id, key FROM modules_kv WHERE expires_at <= {{now}} \
              ORDER BY module, shop_id, key LIMIT {AT_ONCE} {}) \
             RETURNING module, shop_id, size",
            self.dialect.skip_locked()
        );
        let mut swept = 0;
        loop {
            let gone = self
                .database
                .transaction(async |tx: &UnitOfWork| {
                    let rows = tx.query_all_raw(self.dialect.statement(&delete, [])).await?;
                    self.uncount(tx, &rows).await?;
                    Ok::<_, ModuleError>(rows.len())
                })
                .await?;
            swept += gone as u64;
            if gone < AT_ONCE {
                return Ok(swept);
            }
        }
    }
}
