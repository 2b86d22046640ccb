//! How deep a statement is, before it is parsed.
//!
//! A parsed statement is a tree that is walked, compared and dropped by functions that call
//! themselves. `1 + 1 + 1 + …` becomes a tree as deep as it is long: of a text of 64 KiB it would be
//! deeper than the stack of a thread, and the process would end.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::SqlRefusal;

/// How many words and signs may be one within the other, at most. Half of it or less are operators.
const MAX_DEPTH: usize = 1_000;

/// How many queries may be joined by `UNION`, `INTERSECT` and `EXCEPT`: each holds those before it.
const MAX_SET_OPERATIONS: usize = 50;

/// What is between two parentheses.
#[derive(Default)]
struct Level {
    /// Words and signs since the last comma.
    run: usize,
    /// The deepest in parentheses since the last comma.
    inner: usize,
    /// The deepest before the last comma.
    before: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.before.max(self.run + self.inner)
    }
}

/// Refuses what could be too deep. What stands between two commas is one part, and no deeper than it
/// has words and signs, those in parentheses counted apart.
pub(super) fn check(tokens: &[TokenWithSpan]) -> Result<(), SqlRefusal> {
    let mut outer: Vec<Level> = Vec::new();
    let mut level = Level::default();
    let mut set_operations = 0;
    for TokenWithSpan { token, span: _ } in tokens {
        match token {
            Token::Whitespace(_) => {}
            Token::LParen | Token::LBracket | Token::LBrace => {
                outer.push(std::mem::take(&mut level));
            }
            Token::RParen | Token::RBracket | Token::RBrace => {
                let inner = level.depth() + 1;
                level = outer.pop().ok_or_else(unbalanced)?;
                level.inner = level.inner.max(inner);
            }
            Token::Comma | Token::SemiColon => {
                let before = level.depth();
                level = Level { before, ..Level::default() };
            }
            token => {
                if is_set_operation(token) {
                    set_operations += 1;
                }
                level.run += 1;
            }
        }
        if outer.len() + level.depth() > MAX_DEPTH || set_operations > MAX_SET_OPERATIONS {
            return Err(SqlRefusal::TooDeep);
        }
    }
    Ok(())
}

fn is_set_operation(token: &Token) -> bool {
    let Token::Word(word) = token else { return false };
    matches!(word.keyword, Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::MINUS)
}

fn unbalanced() -> SqlRefusal {
    SqlRefusal::Syntax("a parenthesis is closed that was not opened".to_owned())
}
