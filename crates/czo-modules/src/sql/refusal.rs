//! Why a statement of a module is not run.

use thiserror::Error;

/// Why a statement of a module is not run. Its text is what the module is told.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SqlRefusal {
    /// It is too long.
    #[error("a statement has at most {max} bytes, this one has {found}")]
    TooLong {
        /// How many it may have.
        max: usize,
        /// How many it has.
        found: usize,
    },
    /// It is nested too deeply.
    #[error("the statement is nested too deeply, or joins too many parts by operators")]
    TooDeep,
    /// It is no SQL, or none that is understood here.
    #[error("the statement is not understood: {0}")]
    Syntax(String),
    /// It is none, or more than one.
    #[error("expected one statement, found {0}")]
    NotOne(usize),
    /// It is of a kind that modules may not use.
    #[error("only SELECT, INSERT, UPDATE and DELETE are allowed here")]
    Statement,
    /// It is of a kind that migrations of modules may not use.
    #[error(
        "only CREATE TABLE, ALTER TABLE, DROP TABLE, CREATE INDEX, DROP INDEX, INSERT, UPDATE and DELETE are allowed in a migration"
    )]
    MigrationStatement,
    /// It names a table that is not the module's.
    #[error("`{name}` is not a table of this module: their names begin with `{prefix}`")]
    Relation {
        /// What it names.
        name: String,
        /// What the names of its tables begin with.
        prefix: String,
    },
    /// It names something with a schema before it.
    #[error("`{0}` names a schema: write the table's name alone")]
    Schema(String),
    /// A name has other characters, or is too long.
    #[error("`{0}` is no name: use letters, digits and underscores, at most 63")]
    Name(String),
    /// It reads a column that the database has of itself.
    #[error("`{0}` is a column of the database's own, which modules cannot read")]
    SystemColumn(String),
    /// It calls a function that modules may not call.
    #[error("the function `{0}` is not one that modules can call")]
    Function(String),
    /// It converts into a type that modules may not use.
    #[error("the type `{0}` is not one that modules can use")]
    Type(String),
    /// It has something that modules may not use.
    #[error("{0} is not allowed")]
    Clause(&'static str),
    /// A placeholder is no `?`.
    #[error("`{0}` is no placeholder: write `?` for each value")]
    Placeholder(String),
    /// It has more placeholders than values, or fewer.
    #[error("the statement has {expected} `?`, and {found} values are given")]
    Values {
        /// How many placeholders it has.
        expected: usize,
        /// How many values are given.
        found: usize,
    },
}
