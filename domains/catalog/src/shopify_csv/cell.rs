//! From a cell to a value, or to an error that says what was expected.

use std::collections::HashSet;

use czo_core::{Currency, Money};

use super::RowError;
use super::formula::{is_formula, unescape};
use super::header::{Column, Header};
use crate::product::{Handle, is_web_address};

use super::limits::{MAX_COLUMNS, MAX_DESCRIPTION_BYTES, MAX_RECORD_BYTES, MAX_TEXT, MAX_URL};
use super::record::{Fault, Record};
use super::row_error::shown;

/// A record that has the cells of its header, all of them text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) line: u64,
    pub(super) header: &'a Header,
    pub(super) text: &'a str,
    /// As many as the header has columns.
    pub(super) ends: &'a [usize],
}

/// A cell of a row; empty when the file lacks the column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'a> {
    line: u64,
    column: &'static str,
    text: &'a str,
}

impl<'a> Row<'a> {
    pub(super) fn new(header: &'a Header, record: &'a Record) -> Result<Self, RowError> {
        let line = record.line;
        let reason = match record.fault {
            Some(Fault::TooLong) => format!(
                "longer than {MAX_RECORD_BYTES} bytes; if a quote in it is never closed, close it"
            ),
            Some(Fault::TooManyCells) => {
                format!("expected {} cells, found more than {MAX_COLUMNS}", header.width())
            }
            Some(Fault::UnclosedQuote) => {
                "a quote is never closed, so that the row goes on to the end of the file".to_owned()
            }
            None if record.cells != header.width() => format!(
                "expected {} cells, as in the header, found {}; put cells with commas in quotes",
                header.width(),
                record.cells,
            ),
            None => {
                let text = record.text()?;
                return Ok(Self { line, header, text, ends: record.ends() });
            }
        };
        Err(RowError::of_row(line, reason))
    }

    pub(super) fn cell(&self, column: Column) -> Cell<'a> {
        let text = self.header.index(column).map_or("", |index| {
            let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.text[start..self.ends[index]]
        });
        Cell { line: self.line, column: self.header.name(column), text }
    }
}

impl<'a> Cell<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    pub(super) fn error(&self, reason: impl Into<String>) -> RowError {
        RowError::of_cell(self.line, self.column, reason)
    }

    /// One line of text, trimmed, which may be empty.
    pub(super) fn text(&self, max_chars: usize) -> Result<&'a str, RowError> {
        let cell = self.raw_text()?;
        self.at_most(cell, max_chars, "")
    }

    /// One line of text, trimmed, or none.
    pub(super) fn optional_text(&self, max_chars: usize) -> Result<Option<&'a str>, RowError> {
        let text = self.text(max_chars)?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// One line of text, trimmed.
    pub(super) fn required_text(&self, max_chars: usize, what: &str) -> Result<&'a str, RowError> {
        self.optional_text(max_chars)?.ok_or_else(|| self.error(format!("expected {what}")))
    }

    /// Lower-case letters, digits, `-` and `_`.
    pub(super) fn handle(&self) -> Result<&'a str, RowError> {
        let handle = self.text.trim_ascii();
        self.at_most(handle, MAX_TEXT, "")?;
        handle
            .parse::<Handle>()
            .map(|_| handle)
            .map_err(|error| self.found(&error.to_string(), handle))
    }

    /// HTML as it stands there.
    pub(super) fn description(&self) -> Result<&'a str, RowError> {
        let is_bad = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if let Some(c) = self.text.chars().find(|c| is_bad(*c)) {
            return Err(self.control_character(c));
        }
        let text = unescape(self.text);
        if text.len() > MAX_DESCRIPTION_BYTES {
            return Err(self.error(format!(
                "expected at most {MAX_DESCRIPTION_BYTES} bytes, found {}",
                text.len(),
            )));
        }
        Ok(text)
    }

    /// Values separated by commas, each once, in the order of the cell.
    pub(super) fn list(&self, max: usize) -> Result<Vec<String>, RowError> {
        let mut seen = HashSet::new();
        let mut values = Vec::new();
        for value in self.raw_text()?.split(',').map(str::trim).filter(|value| !value.is_empty()) {
            let value = self.at_most(value, MAX_TEXT, " in each")?;
            if seen.insert(value) {
                if values.len() == max {
                    return Err(self.error(format!("expected at most {max}, separated by commas")));
                }
                values.push(value.to_owned());
            }
        }
        Ok(values)
    }

    /// An amount of zero or more.
    pub(super) fn money(&self, currency: Currency) -> Result<Money, RowError> {
        let amount = self.text.trim();
        Money::parse(amount, currency).map_err(|error| self.found(&error.to_string(), amount))
    }

    /// An amount, or none.
    pub(super) fn optional_money(&self, currency: Currency) -> Result<Option<Money>, RowError> {
        if self.is_empty() { Ok(None) } else { self.money(currency).map(Some) }
    }

    /// A whole number; zero when there is none.
    pub(super) fn quantity(&self) -> Result<i64, RowError> {
        match self.text.trim() {
            "" => Ok(0),
            number => number.parse::<i32>().map(i64::from).map_err(|_| {
                self.found(
                    "expected a whole number, which may be below zero, of at most 2^31 - 1",
                    number,
                )
            }),
        }
    }

    /// A whole number from 1, or none.
    pub(super) fn position(&self) -> Result<Option<u32>, RowError> {
        match self.text.trim() {
            "" => Ok(None),
            number => match number.parse() {
                Ok(position) if position > 0 => Ok(Some(position)),
                _ => Err(self.found("expected a whole number from 1", number)),
            },
        }
    }

    /// The address of something on the web.
    pub(super) fn url(&self) -> Result<&'a str, RowError> {
        let url = self.text.trim();
        if !is_web_address(url) {
            return Err(self.found(
                "expected an address that starts with `http://` or `https://`, without spaces",
                url,
            ));
        }
        self.at_most(url, MAX_URL, "")
    }

    /// The value of the word that stands there, in upper or lower case.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, RowError> {
        let word = self.text.trim();
        let known = words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
        known.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(known, _)| format!("`{known}`")).collect();
            self.found(&format!("expected {}", words.join(" or ")), word)
        })
    }

    /// "expected this, found `that`".
    pub(super) fn found(&self, expected: &str, value: &str) -> RowError {
        match value {
            "" => self.error(format!("{expected}, found nothing")),
            _ => self.error(format!("{expected}, found `{}`", shown(value, 40))),
        }
    }

    /// Text on one line that no spreadsheet runs, trimmed, of any length.
    fn raw_text(&self) -> Result<&'a str, RowError> {
        let text = self.text.trim();
        if self.text.starts_with(['\t', '\r']) || is_formula(text) {
            let reason = "looks like a spreadsheet formula; write `'` before it if it is text";
            return Err(self.error(reason));
        }
        match self.text.chars().find(|c| c.is_control()) {
            Some(c) => Err(self.control_character(c)),
            None => Ok(unescape(text)),
        }
    }

    fn at_most(&self, text: &'a str, max: usize, where_: &str) -> Result<&'a str, RowError> {
        // Counting is spared where bytes already tell.
        match text.len() <= max || text.chars().count() <= max {
            true => Ok(text),
            false => Err(self.found(&format!("expected at most {max} characters{where_}"), text)),
        }
    }

    fn control_character(&self, c: char) -> RowError {
        self.error(format!("has the control character U+{:04X}; remove it", u32::from(c)))
    }
}
