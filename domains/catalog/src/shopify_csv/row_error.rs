//! What is wrong with a row.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::MAX_ERRORS;

/// A row of a product CSV file is wrong, and with it the product that it belongs to.
///
/// `Display` is one line that says where and what to do: "line 12, column `Variant Price`:
/// expected ...".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct RowError {
    /// The line where the row starts, counted from 1 as an editor does.
    pub line: u64,
    /// The column, by the name it has in the file; none when the row as a whole is wrong.
    pub column: Option<Cow<'static, str>>,
    /// What is wrong and what was expected. Never holds more than the first characters of a cell.
    pub reason: String,
}

impl RowError {
    pub(crate) fn of_row(line: u64, reason: impl Into<String>) -> Self {
        Self { line, column: None, reason: reason.into() }
    }

    pub(super) fn of_cell(line: u64, column: &'static str, reason: impl Into<String>) -> Self {
        Self { line, column: Some(Cow::Borrowed(column)), reason: reason.into() }
    }

    /// The place without the line: "column `Tags`: expected ...".
    pub(super) fn without_line(&self) -> String {
        match &self.column {
            Some(column) => format!("column `{column}`: {}", self.reason),
            None => self.reason.clone(),
        }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "line {}, column `{column}`: {}", self.line, self.reason),
            None => write!(f, "line {}: {}", self.line, self.reason),
        }
    }
}

/// The errors of one product: the first [`MAX_ERRORS`], and how many more there were.
#[derive(Debug, Default)]
pub(super) struct RowErrors {
    kept: Vec<RowError>,
    more: u64,
}

impl RowErrors {
    pub(super) fn push(&mut self, error: RowError) {
        if self.kept.len() < MAX_ERRORS {
            self.kept.push(error);
        } else {
            self.more += 1;
        }
    }

    /// The value, or nothing and one error more.
    pub(super) fn check<T>(&mut self, result: Result<T, RowError>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The errors in the order of their lines, and how many were not kept.
    pub(super) fn into_parts(mut self) -> (Vec<RowError>, u64) {
        self.kept.sort_by_key(|error| error.line);
        (self.kept, self.more)
    }
}

/// The beginning of a value as an error may show it: on one line, whatever was in it.
pub(super) fn shown(value: &str, max_chars: usize) -> String {
    let mut text = String::new();
    let mut rest = value.chars();
    for c in rest.by_ref().take(max_chars) {
        match c {
            '\'' | '"' | '\\' => text.push(c),
            _ => text.extend(c.escape_debug()),
        }
    }
    if rest.next().is_some() {
        text.push('…');
    }
    text
}
