//! The tables that a module has.

use czo_module_package::ModuleName;
use sea_orm::ConnectionTrait;

use crate::ModuleError;
use crate::store::dialect::Dialect;
use crate::store::row;

/// The names of the tables that begin with a prefix, in order.
pub(crate) fn list(dialect: Dialect) -> &'static str {
    // Not by LIKE, to which an underscore is any character.
    match dialect {
        Dialect::Postgres => {
            "SELECT c.relname::text AS name FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind = 'r' AND n.nspname = current_schema() \
             AND starts_with(c.relname::text, $1) ORDER BY 1"
        }
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' \
             AND substr(name, 1, length($1)) = $1 ORDER BY 1"
        }
    }
}

/// The names of the tables of a module, in order.
pub(super) async fn tables(
    connection: &impl ConnectionTrait,
    dialect: Dialect,
    module: &ModuleName,
) -> Result<Vec<String>, ModuleError> {
    let statement = dialect.statement(list(dialect), [module.table_prefix().into()]);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| row::get(row, "name")).collect()
}

/// A name in quotes. It begins with a prefix of ours, but for the rest it may be anything.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
