//! Looks at everything in a statement, and writes it anew.

mod expression;
mod function;
mod names;
mod query;
mod schema;
mod scope;
mod types;
mod write;

use sqlparser::ast::Statement;

use self::scope::Scope;
use super::SqlRefusal;
use super::dialect::parse;
use crate::store::dialect::Dialect;

/// The longest statement, in bytes.
pub(super) const MAX_TEXT: usize = 64 << 10;

/// A statement that was looked at: what is executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// Its text, written anew from what was understood: every table in it begins with the module's
    /// prefix, every name is in quotes, comments are gone.
    pub(crate) text: String,
    /// How many values it takes.
    pub(crate) placeholders: usize,
    /// Whether it changes nothing.
    pub(crate) is_read: bool,
}

/// Looks at a statement of a module whose tables begin with `prefix`.
pub(crate) fn check(dialect: Dialect, prefix: &str, text: &str) -> Result<Checked, SqlRefusal> {
    if text.len() > MAX_TEXT {
        return Err(SqlRefusal::TooLong { max: MAX_TEXT, found: text.len() });
    }
    let mut statements = parse(text)?;
    let [statement] = statements.as_mut_slice() else {
        return Err(SqlRefusal::NotOne(statements.len()));
    };
    let mut checker = Checker::new(dialect, prefix);
    checker.statement(statement)?;
    checker.render(statement)
}

/// Looks at the statements of a migration.
pub(crate) fn check_migration(
    dialect: Dialect,
    prefix: &str,
    text: &str,
) -> Result<Vec<Checked>, SqlRefusal> {
    let mut checked = Vec::new();
    for statement in &mut parse(text)? {
        let mut checker = Checker::new(dialect, prefix);
        checker.migration_statement(statement)?;
        let statement = checker.render(statement)?;
        if statement.placeholders > 0 {
            return Err(SqlRefusal::Clause("a placeholder in a migration"));
        }
        checked.push(statement);
    }
    Ok(checked)
}

/// Looks at one statement, part by part. What it does not know is refused.
struct Checker<'p> {
    dialect: Dialect,
    prefix: &'p str,
    scope: Scope,
    placeholders: usize,
    is_read: bool,
}

impl<'p> Checker<'p> {
    fn new(dialect: Dialect, prefix: &'p str) -> Self {
        Self { dialect, prefix, scope: Scope::default(), placeholders: 0, is_read: true }
    }

    fn statement(&mut self, statement: &mut Statement) -> Result<(), SqlRefusal> {
        match statement {
            Statement::Query(query) => self.outermost_query(query),
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => {
                self.write(statement)
            }
            _ => Err(SqlRefusal::Statement),
        }
    }

    /// Writes the statement, and reads that again: what a writer gets wrong is not executed.
    fn render(&self, statement: &Statement) -> Result<Checked, SqlRefusal> {
        let text = statement.to_string();
        match parse(&text)?.as_slice() {
            [read] if read == statement => {}
            _ => return Err(SqlRefusal::Syntax("it cannot be written anew as it is".to_owned())),
        }
        Ok(Checked { text, placeholders: self.placeholders, is_read: self.is_read })
    }

    fn each<T>(
        &mut self,
        items: &mut [T],
        check: fn(&mut Self, &mut T) -> Result<(), SqlRefusal>,
    ) -> Result<(), SqlRefusal> {
        items.iter_mut().try_for_each(|item| check(self, item))
    }
}

/// Refuses what is there, and must not be.
fn none(is_absent: bool, what: &'static str) -> Result<(), SqlRefusal> {
    if is_absent { Ok(()) } else { Err(SqlRefusal::Clause(what)) }
}
