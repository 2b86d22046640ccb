//! Values of modules by key, in the database.

mod sweep;
mod usage;
mod value;
mod write;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use czo_module_package::ModuleName;
use czo_repo::{Database, UnitOfWork};
use sea_orm::{ConnectionTrait, QueryResult, Value};

pub use self::usage::KeyValueUsage;
use self::value::Kept;
use self::write::Condition;
use crate::store::dialect::Dialect;
use crate::store::{row, shop_key};
use crate::{CallScope, HostError, KeyValue, ModuleError};

/// The longest key, in bytes.
const MAX_KEY: usize = 512;

/// The largest value, in bytes.
const MAX_VALUE: usize = 1 << 20;

/// The most keys of a module, in all shops.
const MAX_KEYS: i64 = 100_000;

/// The most bytes that keys and values of a module have, in all shops.
const MAX_BYTES: i64 = 256 << 20;

/// The most keys that one answer has.
const MAX_LISTED: u32 = 1_000;

/// Values of modules by key, in SQLite or PostgreSQL, apart for every module and shop.
///
/// **Guarantees.** What a write answered is committed. `increment` and `compare_and_set` are one
/// statement each: of any number at once, on any number of nodes, none is lost. A whole number that
/// was set, in decimal digits without anything before them but a minus, and one that was incremented
/// are the same. A value that has run out is not there, whether or not it was
/// [swept](Self::sweep); times are the database's.
///
/// **Limits.** 100,000 keys and 256 MiB a module, in all shops together, keys counted in; what shops
/// write in the same moment may go beyond it by that much.
#[derive(Clone)]
pub struct SqlKeyValue {
    database: Database,
    dialect: Dialect,
}

impl SqlKeyValue {
    /// Values in this database, in the tables of `czo_migrations::modules()`.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self { database: database.clone(), dialect: Dialect::of(database.is_sqlite()) }
    }

    async fn read(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, ModuleError> {
        Ok(self.database.query_all_raw(self.dialect.statement(sql, values)).await?)
    }

    async fn find(&self, scope: &CallScope, key: &str) -> Result<Option<Kept>, ModuleError> {
        let query = "SELECT value, number FROM modules_kv WHERE module = $1 AND shop_id = $2 \
                     AND key = $3 AND (expires_at IS NULL OR expires_at > {now})";
        let rows = self.read(query, place(scope, key)).await?;
        rows.first().map(Kept::read).transpose()
    }

    /// Forgets all values of a module, as a part of `tx`.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn delete_all(
        &self,
        tx: &UnitOfWork,
        module: &ModuleName,
    ) -> Result<(), ModuleError> {
        for table in ["modules_kv", "modules_kv_usage"] {
            let delete = format!("DELETE FROM {table} WHERE module = $1");
            tx.execute_raw(self.dialect.statement(&delete, [module.as_str().into()])).await?;
        }
        Ok(())
    }
}

/// Where a value is: the first three parameters of every statement.
fn place(scope: &CallScope, key: &str) -> [Value; 3] {
    let shop = shop_key(scope.context.shop_id);
    [scope.module.as_str().into(), shop, key.as_bytes().to_vec().into()]
}

fn check_key(key: &str) -> Result<(), HostError> {
    let length = key.len();
    if (1..=MAX_KEY).contains(&length) {
        return Ok(());
    }
    Err(HostError::Invalid(format!("a key has 1 to {MAX_KEY} bytes, this one has {length}")))
}

fn check_value(value: &[u8]) -> Result<(), HostError> {
    let length = value.len();
    if length <= MAX_VALUE {
        return Ok(());
    }
    Err(HostError::Limit(format!("a value has at most {MAX_VALUE} bytes, this one has {length}")))
}

/// What a module is told when the database failed.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn failed(error: ModuleError) -> HostError {
    tracing::error!(error = czo_core::describe(&error), "a module's values cannot be reached");
    HostError::Unavailable("values cannot be read or written just now: try again".to_owned())
}

/// The bytes behind the last that begin with `prefix`; none where nothing is behind them.
fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[async_trait]
impl KeyValue for SqlKeyValue {
    async fn get(&self, scope: &CallScope, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        check_key(key)?;
        let found = self.find(scope, key).await.map_err(failed)?;
        Ok(found.map(Kept::into_bytes))
    }

    async fn set(
        &self,
        scope: &CallScope,
        key: &str,
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<(), HostError> {
        check_key(key)?;
        check_value(&value)?;
        self.put(scope, key, Kept::of(value), ttl, &Condition::Always).await.map(drop)
    }

    async fn delete(&self, scope: &CallScope, key: &str) -> Result<bool, HostError> {
        check_key(key)?;
        self.remove(scope, key).await
    }

    async fn keys(
        &self,
        scope: &CallScope,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, HostError> {
        if !(1..=MAX_LISTED).contains(&limit) {
            let text = format!("`limit` is 1 to {MAX_LISTED}, found {limit}");
            return Err(HostError::Invalid(text));
        }
        // A key is never empty, so that all are behind the empty one.
        let after = after.unwrap_or_default().as_bytes().to_vec();
        let [module, shop, first] = place(scope, prefix);
        let mut values = vec![module, shop, first, after.into(), limit.into()];
        let mut query = "SELECT key FROM modules_kv WHERE module = $1 AND shop_id = $2 \
                         AND key >= $3 AND key > $4 \
                         AND (expires_at IS NULL OR expires_at > {now})"
            .to_owned();
        if let Some(end) = behind(prefix.as_bytes()) {
            query.push_str(" AND key < $6");
            values.push(end.into());
        }
        query.push_str(" ORDER BY key LIMIT $5");
        let read = async {
            let key = |row: &QueryResult| {
                let bytes: Vec<u8> = row::get(row, "key")?;
                String::from_utf8(bytes).map_err(|error| row::corrupt("a key", error))
            };
            self.read(&query, values).await?.iter().map(key).collect::<Result<Vec<_>, _>>()
        };
        read.await.map_err(failed)
    }

    async fn increment(&self, scope: &CallScope, key: &str, by: i64) -> Result<i64, HostError> {
        check_key(key)?;
        self.add(scope, key, by).await
    }

    async fn compare_and_set(
        &self,
        scope: &CallScope,
        key: &str,
        expected: Option<&[u8]>,
        value: Vec<u8>,
    ) -> Result<bool, HostError> {
        check_key(key)?;
        check_value(&value)?;
        let condition = match expected {
            None => Condition::Absent,
            Some(expected) => Condition::Is(Kept::of(expected.to_vec())),
        };
        self.put(scope, key, Kept::of(value), None, &condition).await
    }
}

impl fmt::Debug for SqlKeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlKeyValue").field("database", self.database.url()).finish()
    }
}
