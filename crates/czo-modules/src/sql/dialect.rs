//! The SQL that modules write, the same on every database.

use sqlparser::ast::{Ident, Statement};
use sqlparser::dialect::Dialect as Grammar;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Tokenizer;

use super::{SqlRefusal, depth};
use crate::store::dialect::Dialect;

/// How deep the parser may call itself.
const MAX_DEPTH: usize = 40;

/// What modules write: little more than what the standard has, so that few things can be said of
/// which a database understands something else. There are no dollar quotes, no escapes in strings
/// and no names in brackets.
#[derive(Debug)]
struct ModuleSqlGrammar;

impl Grammar for ModuleSqlGrammar {
    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        // The second is how names are written for SQLite, see `quoted`.
        ch == '"' || ch == '`'
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_ascii_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_ascii_alphanumeric() || ch == '_'
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_insert_table_alias(&self) -> bool {
        true
    }

    fn supports_cte_materialization(&self) -> bool {
        true
    }
}

/// Reads statements; their comments are gone.
pub(super) fn parse(text: &str) -> Result<Vec<Statement>, SqlRefusal> {
    let tokens = Tokenizer::new(&ModuleSqlGrammar, text).tokenize_with_location();
    let tokens = tokens.map_err(|error| SqlRefusal::Syntax(error.to_string()))?;
    depth::check(&tokens)?;
    let parser = Parser::new(&ModuleSqlGrammar).with_recursion_limit(MAX_DEPTH);
    let parsed = parser.with_tokens_with_locations(tokens).parse_statements();
    parsed.map_err(|error| SqlRefusal::Syntax(error.to_string()))
}

/// A name as it is written for the database: in quotes, so that it is never a word of the language.
/// SQLite would take one in double quotes for a text where there is no such column.
pub(super) fn quoted(dialect: Dialect, name: String) -> Ident {
    let quote = match dialect {
        Dialect::Postgres => '"',
        Dialect::Sqlite => '`',
    };
    Ident::with_quote(quote, name)
}
