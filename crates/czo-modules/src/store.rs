//! What is written down of modules, for all nodes of a cluster.

mod archive;
mod artifacts;
mod configs;
pub(crate) mod dialect;
mod error;
mod id;
mod modules;
mod operations;
mod record;
pub(crate) mod row;
mod steps;
mod versions;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use czo_core::{IdGenerator, ShopId};
use czo_repo::{Database, UnitOfWork};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use uuid::Uuid;

pub use self::archive::ModuleArchive;
use self::dialect::Dialect;
pub use self::error::StoreError;
pub use self::id::{
    ArtifactDigest, ArtifactDigestError, ModuleOperationId, ModuleVersionId, Revision, StepNumber,
};
pub use self::record::{
    ConfigRecord, FileKind, ModuleFile, ModuleRecord, ModuleStatus, ModuleVersionRecord,
    NewModuleVersion, Operation, OperationKind, OperationOutcome, OperationRecord, StepRecord,
};
use crate::ModuleError;

/// How many versions of a module are kept, the one that serves among them.
pub const KEPT_VERSIONS: usize = 5;

/// How large one artifact may be, in bytes: 32 MiB.
pub const MAX_ARTIFACT: usize = 32 << 20;

/// How long an operation is held without being renewed. Every step renews it; what takes longer than
/// half of this renews it by [`ModuleStore::renew`].
pub const OPERATION_LEASE: Duration = Duration::from_secs(60);

/// What is written down of modules, in the database, for all nodes of a cluster: which are installed,
/// their versions and files, their configuration, and what is being done with them.
///
/// **Guarantees.** One operation at a time is under way with a module, on the whole cluster. Each of
/// its steps is written down before it is done, so that after a crash another node, or this one when
/// it starts, knows what to undo or to finish. What changes which modules serve takes a unit of
/// work, so that the event which tells others is a part of it. **Limits.** The last
/// [`KEPT_VERSIONS`] versions of a module are kept, files of at most [`MAX_ARTIFACT`] bytes.
///
/// The tables are those of `czo_migrations::modules()`; times are the database's. Clones are the same
/// store.
#[derive(Clone)]
pub struct ModuleStore {
    database: Database,
    dialect: Dialect,
    ids: Arc<dyn IdGenerator>,
}

impl ModuleStore {
    /// The store in this database, with new ids from `ids`.
    #[must_use]
    pub fn new(database: &Database, ids: Arc<dyn IdGenerator>) -> Self {
        let dialect = Dialect::of(database.is_sqlite());
        Self { database: database.clone(), dialect, ids }
    }

    /// The database it is in, for a unit of work.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    async fn read(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, ModuleError> {
        Ok(self.database.query_all_raw(self.dialect.statement(sql, values)).await?)
    }

    async fn write(
        &self,
        tx: &UnitOfWork,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, ModuleError> {
        Ok(tx.query_all_raw(self.dialect.statement(sql, values)).await?)
    }
}

impl fmt::Debug for ModuleStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModuleStore").field("database", self.database.url()).finish()
    }
}

/// A shop as a part of a primary key, which can't be null: the UUID of zeros for none.
pub(crate) fn shop_key(shop: Option<ShopId>) -> Value {
    shop.map_or(Uuid::nil(), Uuid::from).into()
}
