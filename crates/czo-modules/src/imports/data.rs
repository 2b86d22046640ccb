//! What a module keeps: values by key, and tables.

use std::time::Duration;

use super::{Answer, answer, invalid, limit};
use crate::bindings::czo::module::{kv, sql};
use crate::sandbox::CallState;
use crate::{SqlStatement, SqlValue};

/// The longest key, in bytes.
const KEY: usize = 512;
/// The longest value, in bytes.
const VALUE: usize = 1 << 20;
/// The most keys at once.
const KEYS: u32 = 1_000;
/// The longest statement, in bytes.
const STATEMENT: usize = 64 << 10;
/// The most statements at once.
const STATEMENTS: usize = 100;

impl kv::Host for CallState {
    async fn get(&mut self, key: String) -> Answer<Option<Vec<u8>>> {
        if !is_key(&key) {
            return invalid(KEY_RULE);
        }
        answer(self.confines.host.kv.get(&self.scope, &key).await)
    }

    async fn set(&mut self, key: String, value: Vec<u8>, ttl_seconds: Option<u32>) -> Answer<()> {
        if !is_key(&key) {
            return invalid(KEY_RULE);
        }
        if value.len() > VALUE {
            return too_long(value.len());
        }
        let ttl = ttl_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        answer(self.confines.host.kv.set(&self.scope, &key, value, ttl).await)
    }

    async fn delete(&mut self, key: String) -> Answer<bool> {
        if !is_key(&key) {
            return invalid(KEY_RULE);
        }
        answer(self.confines.host.kv.delete(&self.scope, &key).await)
    }

    async fn keys(
        &mut self,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> Answer<Vec<String>> {
        let is_too_long = |text: &str| text.len() > KEY;
        if is_too_long(&prefix) || after.as_deref().is_some_and(is_too_long) {
            return invalid(KEY_RULE);
        }
        let limit = limit.clamp(1, KEYS);
        answer(self.confines.host.kv.keys(&self.scope, &prefix, after.as_deref(), limit).await)
    }

    async fn increment(&mut self, key: String, by: i64) -> Answer<i64> {
        if !is_key(&key) {
            return invalid(KEY_RULE);
        }
        answer(self.confines.host.kv.increment(&self.scope, &key, by).await)
    }

    async fn compare_and_set(
        &mut self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Answer<bool> {
        if !is_key(&key) {
            return invalid(KEY_RULE);
        }
        if value.len() > VALUE {
            return too_long(value.len());
        }
        let (kv, scope) = (&self.confines.host.kv, &self.scope);
        answer(kv.compare_and_set(scope, &key, expected.as_deref(), value).await)
    }
}

const KEY_RULE: &str = "a key has 1 to 512 bytes";

fn is_key(key: &str) -> bool {
    (1..=KEY).contains(&key.len())
}

fn too_long<T>(bytes: usize) -> Answer<T> {
    limit(format!("the value has {bytes} bytes, and at most {VALUE} are kept"))
}

impl sql::Host for CallState {
    async fn query(&mut self, statement: sql::Statement) -> Answer<sql::Rows> {
        if let Some(bytes) = excess(&statement) {
            return too_long_statement(bytes);
        }
        let rows = self.confines.host.sql.query(&self.scope, statement.into()).await;
        answer(rows.map(|rows| {
            let values = |row: Vec<SqlValue>| row.into_iter().map(sql::Value::from).collect();
            sql::Rows { columns: rows.columns, rows: rows.rows.into_iter().map(values).collect() }
        }))
    }

    async fn execute(&mut self, statement: sql::Statement) -> Answer<u64> {
        if let Some(bytes) = excess(&statement) {
            return too_long_statement(bytes);
        }
        answer(self.confines.host.sql.execute(&self.scope, statement.into()).await)
    }

    async fn batch(&mut self, statements: Vec<sql::Statement>) -> Answer<Vec<u64>> {
        if statements.len() > STATEMENTS {
            let count = statements.len();
            return limit(format!("the batch has {count} statements, and at most 100 are done"));
        }
        if let Some(bytes) = statements.iter().find_map(excess) {
            return too_long_statement(bytes);
        }
        let statements = statements.into_iter().map(SqlStatement::from).collect();
        answer(self.confines.host.sql.batch(&self.scope, statements).await)
    }
}

/// How long a statement is, where that is too long.
fn excess(statement: &sql::Statement) -> Option<usize> {
    (statement.text.len() > STATEMENT).then_some(statement.text.len())
}

fn too_long_statement<T>(bytes: usize) -> Answer<T> {
    limit(format!("the statement has {bytes} bytes, and at most {STATEMENT} are read"))
}

impl From<sql::Statement> for SqlStatement {
    fn from(statement: sql::Statement) -> Self {
        let values = statement.values.into_iter().map(SqlValue::from).collect();
        Self { text: statement.text, values }
    }
}

impl From<sql::Value> for SqlValue {
    fn from(value: sql::Value) -> Self {
        match value {
            sql::Value::Null => Self::Null,
            sql::Value::Boolean(value) => Self::Boolean(value),
            sql::Value::Integer(value) => Self::Integer(value),
            sql::Value::Real(value) => Self::Real(value),
            sql::Value::Text(value) => Self::Text(value),
            sql::Value::Bytes(value) => Self::Bytes(value),
        }
    }
}

impl From<SqlValue> for sql::Value {
    fn from(value: SqlValue) -> Self {
        match value {
            SqlValue::Null => Self::Null,
            SqlValue::Boolean(value) => Self::Boolean(value),
            SqlValue::Integer(value) => Self::Integer(value),
            SqlValue::Real(value) => Self::Real(value),
            SqlValue::Text(value) => Self::Text(value),
            SqlValue::Bytes(value) => Self::Bytes(value),
        }
    }
}
