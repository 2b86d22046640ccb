//! The rows of a module's tables, as they were at one moment.

use czo_module_package::ModuleName;
use czo_repo::Database;
use futures_util::TryStreamExt;
use sea_orm::sqlx::postgres::Postgres;
use sea_orm::sqlx::sqlite::{Sqlite, SqliteRow};
use sea_orm::sqlx::{self, AssertSqlSafe, Column, Error, Row, Transaction};
use sea_orm::{DbErr, RuntimeErr};
use serde_json::{Map, Value, json};
use tokio::io::AsyncWrite;

use super::Lines;
use crate::migration::tables::{list, quoted};
use crate::sql::sqlite_value;
use crate::store::dialect::Dialect;
use crate::store::row::corrupt;
use crate::{ModuleError, SqlValue};

/// Of the server's own tables: their names, and what of them belongs to a module.
const OF_THE_SERVER: [(&str, &str, &str); 3] = [
    (
        "modules_config",
        "SELECT json_build_object('shop_id', shop_id, 'config', config, 'updated_at', updated_at)::text \
         FROM modules_config WHERE module = $1 ORDER BY shop_id",
        "SELECT lower(hex(shop_id)) AS shop_id, config, updated_at \
         FROM modules_config WHERE module = $1 ORDER BY shop_id",
    ),
    (
        "modules_kv",
        "SELECT json_build_object('shop_id', shop_id, 'key', convert_from(key, 'UTF8'), \
         'value', value, 'number', number, 'expires_at', expires_at)::text \
         FROM modules_kv WHERE module = $1 ORDER BY shop_id, key",
        "SELECT lower(hex(shop_id)) AS shop_id, CAST(key AS TEXT) AS key, value, number, expires_at \
         FROM modules_kv WHERE module = $1 ORDER BY shop_id, key",
    ),
    (
        "modules_migration",
        "SELECT json_build_object('number', number, 'name', name, 'checksum', checksum, \
         'down', down, 'applied_at', applied_at)::text \
         FROM modules_migration WHERE module = $1 ORDER BY number",
        "SELECT number, name, checksum, down, applied_at \
         FROM modules_migration WHERE module = $1 ORDER BY number",
    ),
];

/// A transaction that sees one moment, and keeps no writer from writing.
pub(super) enum Rows {
    Postgres(Transaction<'static, Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
}

/// A table, and how its rows are read.
pub(super) struct Source {
    table: String,
    query: String,
    /// Whether the query has a place for the module's name.
    is_shared: bool,
}

impl Rows {
    pub(super) async fn begin(database: &Database) -> Result<Self, ModuleError> {
        let begun = if database.is_sqlite() {
            let pool = database.get_sqlite_connection_pool();
            pool.begin_with("BEGIN DEFERRED").await.map(Self::Sqlite)
        } else {
            let pool = database.get_postgres_connection_pool();
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
            pool.begin_with(begin).await.map(Self::Postgres)
        };
        begun.map_err(failed)
    }

    /// The module's tables, and behind them those of the server.
    pub(super) async fn tables(&mut self, module: &ModuleName) -> Result<Vec<Source>, ModuleError> {
        let prefix = module.table_prefix();
        let names: Vec<String> = match self {
            Self::Postgres(tx) => {
                sqlx::query_scalar(list(Dialect::Postgres)).bind(prefix).fetch_all(&mut **tx).await
            }
            Self::Sqlite(tx) => {
                sqlx::query_scalar(list(Dialect::Sqlite)).bind(prefix).fetch_all(&mut **tx).await
            }
        }
        .map_err(failed)?;
        let own = names.into_iter().map(|table| {
            let from = quoted(&table);
            let query = match self {
                Self::Postgres(_) => format!("SELECT row_to_json(t)::text FROM {from} AS t"),
                Self::Sqlite(_) => format!("SELECT * FROM {from}"),
            };
            Source { table, query, is_shared: false }
        });
        let shared = OF_THE_SERVER.into_iter().map(|(table, postgres, sqlite)| {
            let query = match self {
                Self::Postgres(_) => postgres,
                Self::Sqlite(_) => sqlite,
            };
            Source { table: table.to_owned(), query: query.to_owned(), is_shared: true }
        });
        Ok(own.chain(shared).collect())
    }

    pub(super) async fn export<W: AsyncWrite + Unpin + Send>(
        &mut self,
        source: &Source,
        module: &ModuleName,
        lines: &mut Lines<'_, W>,
    ) -> Result<(), ModuleError> {
        let query = AssertSqlSafe(source.query.clone());
        let name = source.is_shared.then(|| module.as_str().to_owned());
        match self {
            Self::Postgres(tx) => {
                let mut query = sqlx::query_scalar::<_, String>(query);
                if let Some(name) = name {
                    query = query.bind(name);
                }
                let mut rows = query.fetch(&mut **tx);
                while let Some(text) = rows.try_next().await.map_err(failed)? {
                    let row = serde_json::from_str(&text);
                    let row: Value = row.map_err(|error| corrupt(source.table.clone(), error))?;
                    lines.row(&source.table, &row).await?;
                }
            }
            Self::Sqlite(tx) => {
                let mut query = sqlx::query(query);
                if let Some(name) = name {
                    query = query.bind(name);
                }
                let mut rows = query.fetch(&mut **tx);
                while let Some(row) = rows.try_next().await.map_err(failed)? {
                    let row = object(&row).map_err(|error| corrupt(source.table.clone(), error))?;
                    lines.row(&source.table, &row).await?;
                }
            }
        }
        Ok(())
    }
}

fn object(row: &SqliteRow) -> Result<Value, crate::HostError> {
    let mut object = Map::new();
    for (index, column) in row.columns().iter().enumerate() {
        let value = match sqlite_value(row, index)? {
            SqlValue::Null => Value::Null,
            SqlValue::Boolean(value) => value.into(),
            SqlValue::Integer(number) => number.into(),
            SqlValue::Real(number) => number.into(),
            SqlValue::Text(text) => text.into(),
            SqlValue::Bytes(bytes) => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                json!({ "hex": digits })
            }
        };
        object.insert(column.name().to_owned(), value);
    }
    Ok(object.into())
}

fn failed(error: Error) -> ModuleError {
    DbErr::Query(RuntimeErr::SqlxError(error.into())).into()
}
