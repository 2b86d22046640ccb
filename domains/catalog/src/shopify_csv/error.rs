//! What is wrong with a file as a whole.

use std::io;

use thiserror::Error;

use super::limits::{MAX_COLUMNS, MAX_RECORD_BYTES};

/// A product CSV file cannot be read at all, or something cannot be written to one.
///
/// What is wrong with single rows is a [`RowError`](super::RowError) instead.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CsvFileError {
    /// The input failed.
    #[error("the file could not be read")]
    Read(#[source] io::Error),
    /// The output failed.
    #[error("the file could not be written")]
    Write(#[source] io::Error),
    /// There is no header.
    #[error("the file is empty; expected a header such as `Handle,Title,Variant Price`")]
    Empty,
    /// The encoding is UTF-16.
    #[error("the file is encoded as UTF-16; save it as UTF-8 (in Excel: `CSV UTF-8`)")]
    Utf16,
    /// The file is a zip archive, which is what an Excel or LibreOffice file is.
    #[error("the file is a spreadsheet or an archive; save it as CSV (in Excel: `CSV UTF-8`)")]
    NotCsv,
    /// The header is not UTF-8.
    #[error("the header has a broken encoding; save the file as UTF-8 (in Excel: `CSV UTF-8`)")]
    HeaderEncoding,
    /// A quote of the header is never closed.
    #[error("a quote in the header is never closed; close or remove it")]
    HeaderQuote,
    /// The header is longer than a record may be, or has too many cells.
    #[error(
        "the header is too large; expected at most {MAX_COLUMNS} columns and {MAX_RECORD_BYTES} bytes in its line"
    )]
    HeaderTooLarge,
    /// The separator is not the comma.
    #[error("the header is separated by {found}; save the file with commas as separators")]
    Separator {
        /// What separates the names in the header, in the plural.
        found: &'static str,
    },
    /// Columns without which no product can be read are missing.
    #[error("the header lacks {missing}; expected the header of a Shopify product export")]
    MissingColumns {
        /// The names, and what stands there instead where that is plain to see.
        missing: String,
    },
    /// A column stands twice, under one name or under two that mean the same.
    #[error("the header has `{first}` and `{second}`, which are the same column; remove one")]
    DuplicateColumn {
        /// The name further left.
        first: String,
        /// The name further right.
        second: String,
    },
    /// A product that would not be read back as it is.
    #[error("product `{handle}` cannot be written as Shopify CSV: {reason}")]
    Unwritable {
        /// The handle of the product.
        handle: String,
        /// What cannot be written.
        reason: String,
    },
}
