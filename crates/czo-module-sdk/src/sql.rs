//! Tables of the module, whose names start with `mod_<name>__` (`_` for each hyphen). Needs `permissions.sql`.
//!
//! `?` stands for a value, on SQLite and on PostgreSQL.
//!
//! ```no_run
//! # use czo_module_sdk::prelude::*;
//! # use serde::Deserialize;
//! #[derive(Deserialize)]
//! struct Balance {
//!     customer: String,
//!     points: i64,
//! }
//!
//! fn balances(least: i64) -> Result<Vec<Balance>, Failure> {
//!     sql::query("SELECT customer, points FROM mod_loyalty_points__balance WHERE points >= ?", (least,))
//! }
//! ```

mod row;
mod values;

use serde::de::DeserializeOwned;

use crate::bindings::imports::czo::module::sql as host;
use crate::{Failure, HostError};

/// A value in a row or for a `?`.
#[doc(inline)]
pub use host::Value;
pub use values::{ToValue, Values};

/// One statement and the values for its `?`.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement(host::Statement);

impl Statement {
    /// A statement.
    pub fn new(text: impl Into<String>, values: impl Values) -> Self {
        Self(host::Statement { text: text.into(), values: values.into_values() })
    }
}

/// All rows, each as a type whose fields are named as the columns.
///
/// [`Failure::Broken`] if a row does not fit the type. At most 10,000 rows.
pub fn query<R: DeserializeOwned>(text: &str, values: impl Values) -> Result<Vec<R>, Failure> {
    let rows = host::query(&Statement::new(text, values).0)?;
    let columns = &rows.columns;
    rows.rows.into_iter().map(|row| row::read(columns, row)).collect()
}

/// The first row, where there is one.
pub fn first<R: DeserializeOwned>(text: &str, values: impl Values) -> Result<Option<R>, Failure> {
    let rows = host::query(&Statement::new(text, values).0)?;
    rows.rows.into_iter().next().map(|row| row::read(&rows.columns, row)).transpose()
}

/// How many rows the statement changed.
pub fn execute(text: &str, values: impl Values) -> Result<u64, HostError> {
    host::execute(&Statement::new(text, values).0)
}

/// All statements or none, in one transaction; how many rows each changed. At most 100.
pub fn batch(statements: impl IntoIterator<Item = Statement>) -> Result<Vec<u64>, HostError> {
    let statements: Vec<_> = statements.into_iter().map(|Statement(inner)| inner).collect();
    host::batch(&statements)
}
