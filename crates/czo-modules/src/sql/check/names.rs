//! Names of tables, columns and aliases.

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart, TableAlias, TableAliasColumnDef};

use super::{Checker, SqlRefusal, none};
use crate::sql::dialect::quoted;

/// What PostgreSQL and SQLite have in every table.
const SYSTEM_COLUMNS: [&str; 9] =
    ["_rowid_", "cmax", "cmin", "ctid", "oid", "rowid", "tableoid", "xmax", "xmin"];

/// PostgreSQL's longest name.
const MAX_NAME: usize = 63;

impl Checker<'_> {
    /// A name of a column or an alias. What is not in quotes is in small letters, as PostgreSQL has
    /// it.
    pub(super) fn name(&self, ident: &mut Ident) -> Result<(), SqlRefusal> {
        let name = fold(ident)?;
        if SYSTEM_COLUMNS.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(SqlRefusal::SystemColumn(name));
        }
        *ident = quoted(self.dialect, name);
        Ok(())
    }

    /// A column, maybe with a table or an alias before it.
    pub(super) fn column(&self, parts: &mut [Ident]) -> Result<(), SqlRefusal> {
        if parts.len() > 2 {
            let text: Vec<_> = parts.iter().map(|part| part.value.as_str()).collect();
            return Err(SqlRefusal::Schema(text.join(".")));
        }
        parts.iter_mut().try_for_each(|part| self.name(part))
    }

    /// The same, for a name that is written as that of an object.
    pub(super) fn column_object(&self, name: &mut ObjectName) -> Result<(), SqlRefusal> {
        let mut parts = idents(name)?;
        self.column(&mut parts)?;
        *name = ObjectName::from(parts);
        Ok(())
    }

    /// A table of the module.
    pub(super) fn table(&self, name: &mut ObjectName) -> Result<(), SqlRefusal> {
        let table = self.single(name)?;
        if !self.is_own(&table) {
            return Err(SqlRefusal::Relation { name: table, prefix: self.prefix.to_owned() });
        }
        *name = quoted(self.dialect, table).into();
        Ok(())
    }

    /// A table of the module, or a common table expression, whose name is returned: it goes by that.
    pub(super) fn relation(&self, name: &mut ObjectName) -> Result<Option<Ident>, SqlRefusal> {
        let written = self.single(name)?;
        let Some(executed_as) = self.scope.find(&written) else {
            return self.table(name).map(|()| None);
        };
        *name = quoted(self.dialect, executed_as.to_owned()).into();
        Ok(Some(quoted(self.dialect, written)))
    }

    /// The name of something without a schema.
    pub(super) fn single(&self, name: &ObjectName) -> Result<String, SqlRefusal> {
        match idents(name)?.as_slice() {
            [ident] => fold(ident),
            _ => Err(SqlRefusal::Schema(name.to_string())),
        }
    }

    fn is_own(&self, table: &str) -> bool {
        table.len() > self.prefix.len() && table.starts_with(self.prefix)
    }

    pub(super) fn alias(&mut self, alias: &mut Option<TableAlias>) -> Result<(), SqlRefusal> {
        let Some(TableAlias { explicit: _, name, columns, at }) = alias else { return Ok(()) };
        none(at.is_none(), "AT behind an alias")?;
        self.name(name)?;
        columns.iter_mut().try_for_each(|TableAliasColumnDef { name, data_type }| {
            none(data_type.is_none(), "a type behind an alias")?;
            self.name(name)
        })
    }
}

/// The parts of a name.
fn idents(name: &ObjectName) -> Result<Vec<Ident>, SqlRefusal> {
    let part = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(ident) => Ok(ident.clone()),
        ObjectNamePart::Function(_) => Err(SqlRefusal::Clause("a function as a name")),
    };
    name.0.iter().map(part).collect()
}

/// A name as PostgreSQL understands it: without quotes, letters are small ones.
pub(super) fn fold(ident: &Ident) -> Result<String, SqlRefusal> {
    let name = match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    };
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.len() <= MAX_NAME;
    if is_name { Ok(name) } else { Err(SqlRefusal::Name(name)) }
}
