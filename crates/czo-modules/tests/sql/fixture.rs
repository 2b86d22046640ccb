//! A module with tables, and calls of it.

use czo_core::{RequestContext, SystemIds};
use czo_module_package::ModuleName;
use czo_modules::{
    CallScope, Generation, GuardedSql, HostError, ModuleSql, SqlRows, SqlStatement, SqlValue,
};
use czo_testkit::TestDatabase;
use sea_orm::ConnectionTrait;

pub(crate) struct Fixture {
    pub(crate) sql: GuardedSql,
    pub(crate) scope: CallScope,
}

pub(crate) fn name() -> ModuleName {
    "loyalty".parse().expect("a name")
}

pub(crate) fn scope() -> CallScope {
    let context = RequestContext::system(&SystemIds);
    CallScope { module: name(), generation: Generation::new(1), context }
}

/// The module `loyalty` with a table of customers and one of points, and what is not its own: the
/// tables `product` and `mod_loyalty_points__secret`.
pub(crate) async fn fixture(database: &TestDatabase) -> Fixture {
    for table in [
        "CREATE TABLE mod_loyalty__customer (id bigint PRIMARY KEY, name text NOT NULL)",
        "CREATE TABLE mod_loyalty__points \
         (id bigint PRIMARY KEY, customer_id bigint NOT NULL, points bigint NOT NULL)",
        "CREATE TABLE product (id bigint PRIMARY KEY, name text)",
        "CREATE TABLE mod_loyalty_points__secret (id bigint PRIMARY KEY)",
        "INSERT INTO mod_loyalty__customer VALUES (1, 'Ada'), (2, 'Bob')",
        "INSERT INTO mod_loyalty__points VALUES (1, 1, 10), (2, 1, 5), (3, 2, 7)",
    ] {
        database.execute_unprepared(table).await.expect(table);
    }
    Fixture { sql: GuardedSql::new(database), scope: scope() }
}

pub(crate) fn statement(text: &str, values: impl Into<Vec<SqlValue>>) -> SqlStatement {
    SqlStatement { text: text.to_owned(), values: values.into() }
}

impl Fixture {
    pub(crate) async fn query(
        &self,
        text: &str,
        values: impl Into<Vec<SqlValue>>,
    ) -> Result<SqlRows, HostError> {
        self.sql.query(&self.scope, statement(text, values)).await
    }

    pub(crate) async fn execute(
        &self,
        text: &str,
        values: impl Into<Vec<SqlValue>>,
    ) -> Result<u64, HostError> {
        self.sql.execute(&self.scope, statement(text, values)).await
    }

    /// The one value of the one row.
    pub(crate) async fn value(&self, text: &str, values: impl Into<Vec<SqlValue>>) -> SqlValue {
        let rows = self.query(text, values).await.expect(text).rows;
        let [row] = rows.as_slice() else { panic!("expected one row of {text}, found {rows:?}") };
        let [value] = row.as_slice() else { panic!("expected one value of {text}, found {row:?}") };
        value.clone()
    }
}
