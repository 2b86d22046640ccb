//! Writing values: each write is one statement.

use std::time::Duration;

use czo_repo::UnitOfWork;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::usage::{self, Usage};
use super::{Kept, MAX_BYTES, MAX_KEYS, SqlKeyValue, failed, place};
use crate::store::{row, shop_key};
use crate::{CallScope, HostError, ModuleError};

/// What must be the case for a value to be set.
#[derive(Debug)]
pub(super) enum Condition {
    Always,
    /// There is none.
    Absent,
    /// There is this one.
    Is(Kept),
}

/// A thousand years are as good as for ever, and can be added to a time.
const FOR_EVER: i64 = 1_000 * 365 * 24 * 3_600 * 1_000;

/// Whether the row that is there has run out.
const EXPIRED: &str = "(kv.expires_at IS NOT NULL AND kv.expires_at <= {now})";

/// `$4` value, `$5` number, `$6` size, `$7` for how long. The limits are looked at in the same
/// statement: a value that takes the place of a larger one always fits.
const NEW_ROW: &str = "INSERT INTO modules_kv AS kv \
    (module, shop_id, key, value, number, size, replaced, expires_at) \
    SELECT $1, $2, $3, $4, $5, $6, NULL, {now} + $7 \
    WHERE (SELECT COALESCE(SUM(u.keys), 0) FROM modules_kv_usage u WHERE u.module = $1) < {keys} \
      AND (SELECT COALESCE(SUM(u.bytes), 0) FROM modules_kv_usage u WHERE u.module = $1) + $6 \
          <= {bytes} \
      OR EXISTS (SELECT 1 FROM modules_kv o WHERE o.module = $1 AND o.shop_id = $2 \
                 AND o.key = $3 AND (o.size >= $6 OR {bytes} >= $6 - o.size + \
                 (SELECT COALESCE(SUM(u.bytes), 0) FROM modules_kv_usage u WHERE u.module = $1)))";

/// What a write returns: how many keys and bytes more there are now.
const CHANGE: &str = "CASE WHEN replaced IS NULL THEN 1 ELSE 0 END AS keys, \
    size - COALESCE(replaced, 0) AS bytes";

impl SqlKeyValue {
    /// Sets a value if `condition` is the case; says whether it was.
    pub(super) async fn put(
        &self,
        scope: &CallScope,
        key: &str,
        kept: Kept,
        ttl: Option<Duration>,
        condition: &Condition,
    ) -> Result<bool, HostError> {
        let size = key.len() + kept.size();
        let mut values = Vec::from(place(scope, key));
        values.extend(kept.columns());
        values.push(i64::try_from(size).unwrap_or(i64::MAX).into());
        values.push(Value::BigInt(ttl.map(millis)));
        let update = "DO UPDATE SET value = excluded.value, number = excluded.number, \
                      size = excluded.size, replaced = kv.size, expires_at = excluded.expires_at";
        let sql = match condition {
            Condition::Always => format!("{NEW_ROW} ON CONFLICT (module, shop_id, key) {update}"),
            Condition::Absent => {
                format!("{NEW_ROW} ON CONFLICT (module, shop_id, key) {update} WHERE {EXPIRED}")
            }
            // Where there is none, there is nothing to be replaced.
            Condition::Is(expected) => {
                values.extend(expected.columns());
                "UPDATE modules_kv AS kv SET value = $4, number = $5, size = $6, \
                 replaced = kv.size, expires_at = {now} + $7 \
                 WHERE kv.module = $1 AND kv.shop_id = $2 AND kv.key = $3 \
                 AND (kv.expires_at IS NULL OR kv.expires_at > {now}) \
                 AND (kv.value = $8 OR kv.number = $9) \
                 AND ($6 <= kv.size OR {bytes} >= $6 - kv.size + \
                 (SELECT COALESCE(SUM(u.bytes), 0) FROM modules_kv_usage u WHERE u.module = $1))"
                    .to_owned()
            }
        };
        let written = self.change(scope, &sql, "", values).await.map_err(failed)?;
        if written.is_some() {
            return Ok(true);
        }
        let found = self.find(scope, key).await.map_err(failed)?;
        match condition {
            Condition::Always => Err(full()),
            Condition::Absent if found.is_none() => Err(full()),
            Condition::Is(expected) if found.as_ref() == Some(expected) => Err(full()),
            Condition::Absent | Condition::Is(_) => Ok(false),
        }
    }

    /// Adds to a number, and returns the sum.
    pub(super) async fn add(
        &self,
        scope: &CallScope,
        key: &str,
        by: i64,
    ) -> Result<i64, HostError> {
        let kept = Kept::Number(by);
        let size = i64::try_from(key.len() + kept.size()).unwrap_or(i64::MAX);
        // The numbers to which it can be added.
        let (least, most) = match by {
            0.. => (i64::MIN, i64::MAX - by),
            _ => (i64::MIN - by, i64::MAX),
        };
        let mut values = Vec::from(place(scope, key));
        values.extend(kept.columns());
        values.extend([size.into(), Value::BigInt(None), least.into(), most.into()]);
        let sql = format!(
            "{NEW_ROW} ON CONFLICT (module, shop_id, key) DO UPDATE SET \
             number = CASE WHEN {EXPIRED} THEN excluded.number ELSE kv.number + excluded.number END, \
             expires_at = CASE WHEN {EXPIRED} THEN NULL ELSE kv.expires_at END, \
             value = NULL, size = excluded.size, replaced = kv.size \
             WHERE {EXPIRED} OR kv.number BETWEEN $8 AND $9"
        );
        let written = self.change(scope, &sql, ", number", values).await.map_err(failed)?;
        if let Some(written) = written {
            return row::get(&written, "number").map_err(failed);
        }
        match self.find(scope, key).await.map_err(failed)? {
            None => Err(full()),
            Some(Kept::Number(number)) => Err(HostError::Limit(format!(
                "{number} and {by} are more than a whole number of 64 bits has room for"
            ))),
            Some(Kept::Bytes(_)) => {
                Err(HostError::Invalid(format!("the value of `{key}` is no whole number")))
            }
        }
    }

    /// Forgets a value; says whether there was one.
    pub(super) async fn remove(&self, scope: &CallScope, key: &str) -> Result<bool, HostError> {
        let sql = "DELETE FROM modules_kv AS kv \
                   WHERE kv.module = $1 AND kv.shop_id = $2 AND kv.key = $3";
        let returning = "-1 AS keys, -size AS bytes, \
                         CASE WHEN expires_at IS NULL OR expires_at > {now} THEN 1 ELSE 0 END \
                         AS lived";
        let values = place(scope, key).to_vec();
        let removed = self.change_returning(scope, sql, returning, values).await.map_err(failed)?;
        removed.map_or(Ok(false), |row| {
            row::get::<i32>(&row, "lived").map(|lived| lived == 1).map_err(failed)
        })
    }

    async fn change(
        &self,
        scope: &CallScope,
        sql: &str,
        more: &str,
        values: Vec<Value>,
    ) -> Result<Option<QueryResult>, ModuleError> {
        self.change_returning(scope, sql, &format!("{CHANGE}{more}"), values).await
    }

    /// Runs a statement that changes one row, and counts what that changes, in one transaction.
    async fn change_returning(
        &self,
        scope: &CallScope,
        sql: &str,
        returning: &str,
        values: Vec<Value>,
    ) -> Result<Option<QueryResult>, ModuleError> {
        let sql = format!("{sql} RETURNING {returning}")
            .replace("{keys}", &MAX_KEYS.to_string())
            .replace("{bytes}", &MAX_BYTES.to_string());
        let statement = self.dialect.statement(&sql, values);
        self.database
            .transaction(async |tx: &UnitOfWork| {
                let Some(row) = tx.query_one_raw(statement.clone()).await? else {
                    return Ok(None);
                };
                let change = Usage { keys: whole(&row, "keys")?, bytes: whole(&row, "bytes")? };
                let shop = shop_key(scope.context.shop_id);
                usage::count(tx, self.dialect, scope.module.as_str(), shop, change).await?;
                Ok(Some(row))
            })
            .await
    }
}

/// A number that one database has as 32 bits and the other as 64.
fn whole(row: &QueryResult, column: &str) -> Result<i64, ModuleError> {
    match row.try_get::<i64>("", column) {
        Ok(number) => Ok(number),
        Err(_) => row::get::<i32>(row, column).map(i64::from),
    }
}

fn full() -> HostError {
    HostError::Limit(format!(
        "a module keeps at most {MAX_KEYS} keys and {} MiB: delete some, or let them run out",
        MAX_BYTES >> 20
    ))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(FOR_EVER).min(FOR_EVER)
}
