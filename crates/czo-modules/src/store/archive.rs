//! What a module keeps, written down before it is deleted.

mod rows;

use std::fmt;

use chrono::{SecondsFormat, Utc};
use czo_module_package::ModuleName;
use czo_repo::Database;
use serde_json::{Value, json};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use self::rows::Rows;
use super::dialect::Dialect;
use crate::ModuleError;

/// Writes down what modules keep, before it is deleted.
///
/// An archive is text: a JSON document in each line.
///
/// - The first says what it is: `{"archive": "czo-module-data", "format": 1, "module": "loyalty",
///   "database": "PostgreSQL", "exportedAt": "2026-11-30T12:00:00Z"}`.
/// - `{"table": "mod_loyalty__balance", "row": {"customer": "…", "points": 12}}` for each row of each
///   of its tables; those of the server that belong to it are `modules_config`, `modules_kv` and
///   `modules_migration`, without the column `module`.
/// - The last, without which it is not whole: `{"end": true, "rows": 1234}`.
///
/// Numbers, texts, booleans and null are those of JSON. Bytes are `{"hex": "00ff"}`, which on
/// PostgreSQL is the text `\x00ff`, as it writes JSON itself; so are times and other types that JSON
/// has not.
#[derive(Clone)]
pub struct ModuleArchive {
    database: Database,
    dialect: Dialect,
}

impl ModuleArchive {
    /// Archives of what is in this database.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self { database: database.clone(), dialect: Dialect::of(database.is_sqlite()) }
    }

    /// Writes all that a module keeps, as it is at one moment, and says how many rows that are. It is
    /// read as it is written: memory does not grow with it.
    ///
    /// # Errors
    ///
    /// When the database fails, or `writer` does. What was written then has no end.
    pub async fn export(
        &self,
        module: &ModuleName,
        writer: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<u64, ModuleError> {
        let mut lines = Lines { module, writer, rows: 0 };
        let database = match self.dialect {
            Dialect::Postgres => "PostgreSQL",
            Dialect::Sqlite => "SQLite",
        };
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
        lines
            .write(&json!({
                "archive": "czo-module-data",
                "format": 1,
                "module": module,
                "database": database,
                "exportedAt": now,
            }))
            .await?;
        let mut rows = Rows::begin(&self.database).await?;
        for table in rows.tables(module).await? {
            rows.export(&table, module, &mut lines).await?;
        }
        let rows = lines.rows;
        lines.write(&json!({ "end": true, "rows": rows })).await?;
        lines.flush().await?;
        Ok(rows)
    }
}

/// The lines of an archive.
struct Lines<'w, W> {
    module: &'w ModuleName,
    writer: &'w mut W,
    rows: u64,
}

impl<W: AsyncWrite + Unpin + Send> Lines<'_, W> {
    async fn row(&mut self, table: &str, row: &Value) -> Result<(), ModuleError> {
        self.rows += 1;
        self.write(&json!({ "table": table, "row": row })).await
    }

    async fn write(&mut self, line: &Value) -> Result<(), ModuleError> {
        let written = self.writer.write_all(format!("{line}\n").as_bytes()).await;
        written.map_err(|source| self.failed(source))
    }

    async fn flush(&mut self) -> Result<(), ModuleError> {
        let flushed = self.writer.flush().await;
        flushed.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> ModuleError {
        ModuleError::Export { module: self.module.clone(), source }
    }
}

impl fmt::Debug for ModuleArchive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModuleArchive").field("database", self.database.url()).finish()
    }
}
