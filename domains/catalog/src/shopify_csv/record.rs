//! One record of a CSV file, in memory that is set aside once.

use super::RowError;
use super::limits::{MAX_COLUMNS, MAX_RECORD_BYTES};

/// The cells of one record. Reused from record to record; never grows.
#[derive(Debug)]
pub(super) struct Record {
    /// The line where the record starts.
    pub(super) line: u64,
    /// Why the cells are not the whole record.
    pub(super) fault: Option<Fault>,
    /// The cells one after the other, of which the first `len` bytes are this record.
    pub(super) bytes: Box<[u8]>,
    pub(super) len: usize,
    /// Where each cell ends, of which the first `cells` are this record.
    pub(super) ends: Box<[usize]>,
    pub(super) cells: usize,
}

/// Why a record could not be taken in as a whole. The cells before the fault are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooLong,
    TooManyCells,
    UnclosedQuote,
}

impl Record {
    pub(super) fn new() -> Self {
        Self {
            line: 0,
            fault: None,
            bytes: vec![0; MAX_RECORD_BYTES].into(),
            len: 0,
            ends: vec![0; MAX_COLUMNS].into(),
            cells: 0,
        }
    }

    /// The bytes of a cell, as far as they are known; empty when there is no such cell.
    pub(super) fn cell(&self, index: usize) -> &[u8] {
        let start = match index.checked_sub(1) {
            Some(before) => self.ends().get(before).copied().unwrap_or(self.len),
            None => 0,
        };
        // A fault may have cut off the cell before its end.
        let end = self.ends().get(index).copied().unwrap_or(self.len);
        &self.bytes[start..end]
    }

    pub(super) fn ends(&self) -> &[usize] {
        &self.ends[..self.cells]
    }

    /// Whether there is nothing in it, which is what spreadsheets leave below a table.
    pub(super) fn is_blank(&self) -> bool {
        self.fault.is_none() && self.bytes[..self.len].trim_ascii().is_empty()
    }

    /// The text of all cells together.
    pub(super) fn text(&self) -> Result<&str, RowError> {
        let broken = |cell: usize| {
            RowError::of_row(
                self.line,
                format!("broken encoding in cell {}; save the file as UTF-8", cell + 1),
            )
        };
        let text = str::from_utf8(&self.bytes[..self.len]).map_err(|error| {
            broken(self.ends().partition_point(|end| *end <= error.valid_up_to()))
        })?;
        // Two broken cells may look right side by side.
        match self.ends().iter().position(|end| !text.is_char_boundary(*end)) {
            Some(cell) => Err(broken(cell)),
            None => Ok(text),
        }
    }
}
