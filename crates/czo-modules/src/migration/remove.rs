//! What a module keeps goes.

use czo_module_package::ModuleName;
use czo_repo::UnitOfWork;
use sea_orm::ConnectionTrait;

use super::ModuleMigrations;
use super::tables::{quoted, tables};
use crate::store::dialect::Dialect;
use crate::{ModuleError, Operation};

impl ModuleMigrations {
    /// Drops all tables of a module, with what is in them, and forgets which migrations were applied;
    /// returns the names of the tables. All of it is a part of `tx`. What is to be kept must be
    /// [exported](crate::ModuleArchive) before.
    ///
    /// # Errors
    ///
    /// When the database fails, and [`LeaseLost`](crate::StoreError::LeaseLost).
    pub async fn drop_tables(
        &self,
        tx: &UnitOfWork,
        operation: &Operation,
        module: &ModuleName,
    ) -> Result<Vec<String>, ModuleError> {
        self.store.hold(tx, operation).await?;
        let found = tables(&**tx, self.dialect, module).await?;
        match self.dialect {
            Dialect::Postgres if found.is_empty() => {}
            // Together, so that they may refer to each other. Nothing else can refer to them, and
            // what does all the same is a reason to stop.
            Dialect::Postgres => {
                let names: Vec<_> = found.iter().map(|name| quoted(name)).collect();
                tx.execute_unprepared(&format!("DROP TABLE {}", names.join(", "))).await?;
            }
            Dialect::Sqlite => {
                // Until the end of the transaction, by which both ends of a reference are gone.
                tx.execute_unprepared("PRAGMA defer_foreign_keys = ON").await?;
                for name in &found {
                    tx.execute_unprepared(&format!("DROP TABLE {}", quoted(name))).await?;
                }
            }
        }
        let forget = "DELETE FROM modules_migration WHERE module = $1";
        tx.execute_raw(self.dialect.statement(forget, [module.as_str().into()])).await?;
        Ok(found)
    }
}
