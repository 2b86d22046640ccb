//! What a module keeps.

use std::time::Duration;

use async_trait::async_trait;

use super::{CallScope, HostError};

/// Values by key, apart for every module and shop.
///
/// **Limits.** Keys of 1 to 512 bytes, values of at most 1 MiB, at most 100,000 keys and 256 MiB for
/// a module; more is [`HostError::Limit`]. **Cancellation.** A call that is given up either happened
/// or did not.
#[async_trait]
pub trait KeyValue: Send + Sync {
    /// The value, where there is one that has not run out.
    async fn get(&self, scope: &CallScope, key: &str) -> Result<Option<Vec<u8>>, HostError>;
    /// Keeps a value, for `ttl` where given.
    async fn set(
        &self,
        scope: &CallScope,
        key: &str,
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<(), HostError>;
    /// Forgets a value; says whether there was one.
    async fn delete(&self, scope: &CallScope, key: &str) -> Result<bool, HostError>;
    /// At most `limit` (1 to 1,000) keys that start with `prefix`, in the order of their bytes, after
    /// `after`.
    async fn keys(
        &self,
        scope: &CallScope,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, HostError>;
    /// Adds to a number, 0 where there is none, and returns the sum; atomic on a whole cluster. A
    /// value that is no number is [`HostError::Invalid`].
    async fn increment(&self, scope: &CallScope, key: &str, by: i64) -> Result<i64, HostError>;
    /// Sets the value if it is still `expected`; says whether it did. Atomic on a whole cluster.
    async fn compare_and_set(
        &self,
        scope: &CallScope,
        key: &str,
        expected: Option<&[u8]>,
        value: Vec<u8>,
    ) -> Result<bool, HostError>;
}

/// The tables of a module, whose names start with its
/// [prefix](czo_module_package::ModuleName::table_prefix).
///
/// **Guarantee.** No statement reads or writes anything else: it is parsed, every name in it is
/// looked at, and what is executed is what was parsed. **Limits.** One statement of at most 64 KiB, 10,000
/// rows and 8 MiB an answer, 5 s a statement.
#[async_trait]
pub trait ModuleSql: Send + Sync {
    /// Rows.
    async fn query(&self, scope: &CallScope, statement: SqlStatement)
    -> Result<SqlRows, HostError>;
    /// How many rows it changed.
    async fn execute(&self, scope: &CallScope, statement: SqlStatement) -> Result<u64, HostError>;
    /// All of them or none; how many rows each changed. At most 100.
    async fn batch(
        &self,
        scope: &CallScope,
        statements: Vec<SqlStatement>,
    ) -> Result<Vec<u64>, HostError>;
}

/// One statement; `?` stands for a value, on every database.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlStatement {
    /// Its text.
    pub text: String,
    /// Its values.
    pub values: Vec<SqlValue>,
}

/// A value in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlValue {
    /// None.
    Null,
    /// Yes or no; SQLite gives it back as an integer.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// What a query returned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SqlRows {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each as wide as `columns`.
    pub rows: Vec<Vec<SqlValue>>,
}
