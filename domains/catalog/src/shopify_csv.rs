//! The product CSV format of Shopify, read and written without a database.
//!
//! [`ProductReader`] gives one [`ProductGroup`] per handle: a whole product, or the errors of all
//! its rows. Nothing in between exists, so nothing can be half imported. [`ProductWriter`] writes
//! only what the reader gives back equal.
//!
//! # How a file is read
//!
//! Consecutive rows with one handle are one product. Its first row holds the fields of the
//! product, the names of its options and its first variant; a further row adds a variant (when it
//! has option values or a price), an image (when it has an image address), or both. A further row
//! with neither has nothing to import and is passed over; so is a line of empty cells.
//!
//! - A row without a readable handle counts with the product above it: it may be one of its
//!   variants, and half of that product must not be imported.
//! - Text is trimmed, except descriptions, which stay as they are to the byte.
//! - `Status` decides; where it is empty, `Published` does (`false` is a draft, because a shop
//!   here has no second switch); where both are empty, the product is active, as at Shopify.
//! - The one option `Title` with the one value `Default Title` is how Shopify spells a product
//!   without options, and is read so.
//! - A row that repeats an image (same address, same position) adds nothing. Images without a
//!   position follow those with one.
//! - A SKU belongs to the first accepted product that has it. The SKUs of rejected products are
//!   free, so that one bad product does not reject another.
//! - Text that a spreadsheet would run as a formula is refused, except in descriptions, where a
//!   leading `-` is more likely a list. The writer puts `'` before such text, in descriptions
//!   too, and the reader takes it away again.
//! - A handle whose rows do not follow each other is accepted where it stands first, and rejected
//!   where it comes back.
//!
//! # Memory
//!
//! Whatever the input, the reader holds one record of at most 1 MiB, one product within
//! [`limits`], and a hash and a line number (some 50 bytes) per handle and per SKU of the file,
//! for which `limits` has numbers too: at most about 100 MiB, which only a file of half a million
//! products needs. How many groups are rejected is not bounded: whoever keeps them must do that.

mod cell;
mod error;
mod formula;
mod group;
mod header;
pub(crate) mod limits;
mod options;
mod product;
mod reader;
mod record;
mod record_reader;
mod row_error;
mod seen;
mod writer;

#[cfg(test)]
mod bad_file_tests;
#[cfg(test)]
mod bad_product_tests;
#[cfg(test)]
mod bad_row_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod write_tests;

pub use error::CsvFileError;
pub(crate) use product::{
    ParsedImage, ParsedOption, ParsedProduct, ParsedStatus, ParsedVariant, ProductGroup,
    RejectedGroup,
};
pub(crate) use reader::ProductReader;
pub use row_error::RowError;
pub(crate) use writer::ProductWriter;
