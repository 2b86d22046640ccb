//! The index: what can be found, in a database of the service's own.

use std::path::Path;

use czo_repo::{Database, DatabaseError, DatabaseOptions, DatabaseUrl};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

/// What can be found. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub struct Index {
    database: Database,
}

/// A product that was found.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Product {
    /// Its id.
    pub id: String,
    /// Its handle.
    pub handle: String,
    /// Its title, once an event has told it.
    pub title: String,
}

impl Index {
    /// The index in this file, made if there is none.
    ///
    /// # Errors
    ///
    /// When the file can't be used.
    pub async fn open(path: &Path) -> Result<Self, DatabaseError> {
        let options = DatabaseOptions::new(DatabaseUrl::sqlite(path));
        let database = Database::connect(&options).await?;
        let table = "CREATE TABLE IF NOT EXISTS product \
                     (id text NOT NULL PRIMARY KEY, handle text NOT NULL, title text NOT NULL)";
        database.execute_unprepared(table).await?;
        Ok(Self { database })
    }

    /// Puts a product into the index, or changes it. Without a title it keeps the one it has.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn remember(
        &self,
        id: &str,
        handle: &str,
        title: Option<&str>,
    ) -> Result<(), DatabaseError> {
        let upsert = "INSERT INTO product (id, handle, title) VALUES ($1, $2, coalesce($3, '')) \
                      ON CONFLICT (id) DO UPDATE SET handle = $2, title = coalesce($3, title)";
        self.run(upsert, [id.into(), handle.into(), title.into()]).await
    }

    /// Takes a product out.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn forget(&self, id: &str) -> Result<(), DatabaseError> {
        self.run("DELETE FROM product WHERE id = $1", [id.into()]).await
    }

    /// The products with this text in their title or handle, by handle.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn find(&self, text: &str) -> Result<Vec<Product>, DatabaseError> {
        let sql = "SELECT id, handle, title FROM product \
                   WHERE instr(lower(title), lower($1)) > 0 OR instr(handle, lower($1)) > 0 \
                   ORDER BY handle";
        let statement = self.statement(sql, [text.into()]);
        Ok(Product::find_by_statement(statement).all(&*self.database).await?)
    }

    async fn run<const N: usize>(
        &self,
        sql: &str,
        values: [Value; N],
    ) -> Result<(), DatabaseError> {
        self.database.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    fn statement<const N: usize>(&self, sql: &str, values: [Value; N]) -> Statement {
        Statement::from_sql_and_values(self.database.get_database_backend(), sql, values)
    }
}
